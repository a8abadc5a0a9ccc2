// An end that is a network device of this host: where it is, whether it still is, its addresses,
// the threads and CPUs of its NAPI, and the frames it lost by its driver's counters.
//
// Threads: one controlling thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/core/end.hpp"
#include "harness/core/return_sink.hpp"
#include "harness/core/units.hpp"
#include "harness/measure/driver_counters.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::testbed {

// Why this process cannot place NAPI threads on a CPU of two; empty: it can.
std::string probe_napi_threads();

class NetworkEnd : public LocalEnd {
 public:
  explicit NetworkEnd(measure::PortEnd side);

  // What is at the other end of the wire; REQUIRED before anything below.
  void faces(const End& other) { other_ = &other; }

  // Of the DUT: its NAPI threads, softirqs where it has none. Errors: `failed` where there are
  // fewer threads than queues.
  Result<std::vector<pid_t>> settle(bool polled) override;
  Result<DropCounts> sample() override;
  std::map<std::string, std::string> missing_drops() const override;
  DropCounts turns() const override;
  std::uint64_t counts_late_ns() const override { return measure::counts_late_ns(driver_); }
  std::vector<std::string> take_notes() override { return std::exchange(notes_, {}); }
  bool on_wire() const override { return !made.pci.empty(); }
  MacCounts mac() const override { return mac_; }
  std::string receive_drop_place() const override { return driver_ == "veth" ? "veth_rx" : ""; }
  std::vector<int> softirq_cpus() const override;
  bool own_interrupts() const override { return !made.pci.empty(); }

  std::vector<std::uint64_t> received_by_queue() const override;

  // Where there is a make_sink_.
  Result<std::vector<pid_t>> take_returned(std::uint32_t trial_tag, bool stamped) override;
  DelayRecorder* returned_delays() override { return sink_.get(); }
  Result<Returned> returned() override;
  void release_returned() noexcept override { sink_.reset(); }
  std::vector<std::uint32_t> programs() const override;

  // User space has the device, or gives it back: meanwhile it counts nothing and has no threads.
  void lend(bool lent) { lent_ = lent; }
  bool lent() const { return lent_; }

  // Adds its neighbours: the addresses of the other end, so that no ARP is ever counted. REQUIRES:
  // both are up.
  Result<void> meet_other() const;

  // What is for the network behind the other end goes there. REQUIRES: both are up.
  Result<void> reach_behind_other() const;

  // The device's MTU becomes what such frames need, and IPv6 is on or off. Errors: `unsupported`
  // where the device refuses. REQUIRES: both are up.
  Result<void> use_frames(const TrafficSpec& traffic);

  Result<void> bring_up() const;

  // The device, and its peer with it, are there no more.
  Result<void> remove() const;

  // The next sample() is a new beginning: the device is another one, or was reset.
  void count_anew() {
    last_.reset();
    missing_.clear();
    notes_.clear();
  }

  // Of harness/undo/device_setting.hpp, in the device's namespace; set() in the order given.
  Result<std::string> get(const std::string& setting) const;
  Result<void> set(std::initializer_list<std::pair<const char*, const char*>> settings) const;

 protected:
  bool is_dut() const { return side_ == measure::PortEnd::receiver; }
  const Port& other() const { return other_->port(); }

  template <class Work>
  auto inside(Work work) const -> decltype(work()) {
    auto scope = sys::NetnsScope::enter(made.netns_path);
    if (!scope) return scope.error();
    return work();
  }

  // Monotonic.
  virtual Result<DropCounts> drops_on_the_way_back() const = 0;

  // Of the device, in the calling thread's namespace. Errors: `unsupported` with the reason.
  virtual Result<void> set_mtu(unsigned mtu) = 0;
  // Bytes that the frames of the case need.
  unsigned mtu() const { return mtu_; }
  bool ipv6() const { return ipv6_; }

  // Index and MAC address of the device with the port's name, in its namespace.
  Result<void> identify();

  // From `made.ipv4` on, as many as its side has, in the calling thread's namespace.
  Result<void> add_addresses() const;

  // Pins the NAPI threads to the CPUs of their queues. Attaching and detaching XDP may have the
  // kernel replace them.
  Result<std::vector<pid_t>> place_napi_threads(bool fifo) const;

  std::string driver_;  // the kernel's
  // Where NAPI runs: in threads, which are SCHED_FIFO 1 or SCHED_OTHER, or as softirq.
  bool threaded_ = false;
  bool fifo_ = false;
  MakeReturnSink make_sink_;  // of what takes the frames that come back; without it nothing does

 private:
  const measure::PortEnd side_;
  const End* other_ = nullptr;
  bool lent_ = false;
  unsigned mtu_ = kMaxStandardFrameSize - kFrameOverMtu;
  bool ipv6_ = false;
  std::optional<measure::DeviceStatistics> last_;
  DropCounts drops_;
  MacCounts mac_;
  std::vector<std::string> notes_;
  std::unique_ptr<ReturnSink> sink_;
  DropCounts before_return_;
  std::map<std::string, std::string> missing_;  // whose count is not to be trusted any more
};

// Of `ends`, the names of the ports that others have taken away (deleted, renamed, moved to another
// namespace), so that no device has their name and index, or set down. A lent one is up.
struct EndsFound {
  std::vector<std::string> gone;
  std::vector<std::string> down;
};
Result<EndsFound> look_at(const std::vector<const NetworkEnd*>& ends);

// "pbdut0 was set down; it is up again", one for each.
std::vector<std::string> up_again(const std::vector<std::string>& names);

}  // namespace pktbench::testbed
