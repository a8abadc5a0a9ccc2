// One end of a testbed's wiring: its port, the CPUs and threads that work for it, what it counts.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/core/applied.hpp"
#include "harness/core/counters.hpp"
#include "harness/core/delays.hpp"
#include "harness/core/port.hpp"
#include "harness/core/result.hpp"
#include "harness/core/return_sink.hpp"
#include "harness/core/traffic.hpp"

namespace pktbench {

// What a testbed found and made of one of its ports.
struct PortReport {
  std::string testbed_label;  // of several testbeds the one; the testbed does not know it
  std::string role;           // "generator" or "dut"
  std::string interface;
  std::string pci;                  // empty: on no PCI bus
  std::string driver;               // the kernel's
  std::string why_virtual;          // empty: it is hardware
  std::vector<std::string> waived;  // reasons for refusing it that the user passed over
  std::optional<double> link_bps;
  std::string link_unknown;  // why that is not known
  std::string pause;         // flow control, "autoneg=on rx=on tx=off"; empty: not known
  std::vector<Applied> settings;
};

// An end says nothing, counts nothing and has no threads but what it overrides. Owned by its
// testbed; all of it REQUIRES that this is up.
//
// Threads: one controlling thread. May enter the port's namespace and returns in the caller's.
class End {
 public:
  virtual ~End() = default;

  virtual const Port& port() const = 0;

  // The source that sends from this end: `local` itself, where the end is on this host.
  virtual std::unique_ptr<TrafficSource> source(const std::string& /*generator*/,
                                                std::unique_ptr<TrafficSource> local) {
    return local;
  }

  // Called when the backend is attached and before traffic: puts the device's own kernel threads
  // where the arrangement wants them. `polled`: a backend with threads of its own is here, which
  // use the port's pump_fd where there is one. Returns the ids of the threads that work for this
  // end beside those.
  virtual Result<std::vector<pid_t>> settle(bool /*polled*/) { return std::vector<pid_t>{}; }

  // Frames dropped here, by place; monotonic since up().
  virtual Result<DropCounts> sample() { return DropCounts{}; }

  // Places of sample() whose count is not known at present, and why.
  virtual std::map<std::string, std::string> missing_drops() const { return {}; }

  // Places of sample() whose counter is so short that it may have wrapped unseen, and after how
  // many frames it does: they are less by some multiple of that.
  virtual DropCounts turns() const { return {}; }

  // How old what sample() tells may be.
  virtual std::uint64_t counts_late_ns() const { return 0; }

  // What else is to be known of what sample() counted since the last call of this.
  virtual std::vector<std::string> take_notes() { return {}; }

  // A wire is between this end and the other: a frame that left one has not yet come to the other.
  virtual bool on_wire() const { return false; }

  // As of the last sample(); monotonic since settle().
  virtual MacCounts mac() const { return {}; }

  // The place of sample() that holds what the device itself dropped on receiving, redirects that
  // failed among it; empty: there is none.
  virtual std::string receive_drop_place() const { return {}; }

  // Frames that the device holds until it is served; none: not known.
  virtual std::optional<unsigned> rx_ring() const { return std::nullopt; }

  // CPUs whose network softirqs work for this end.
  virtual std::vector<int> softirq_cpus() const { return {}; }

  // Frames that its device received, by RX queue; empty: the device does not tell.
  virtual std::vector<std::uint64_t> received_by_queue() const { return {}; }

  // What keeps frames out of some of its queues, and the remedy; empty: nothing is known to.
  virtual std::string why_not_spread() const { return {}; }

  // Devices' interrupts on softirq_cpus() are those of this end's own device.
  virtual bool own_interrupts() const { return false; }

  // For a workload that sends frames back: until release_returned() those of `trial_tag` end here,
  // and are counted, `stamped` ones with their delays. Called when the backend is attached and
  // before settle(). Returns the ids of the threads that take them, which work for this end.
  virtual Result<std::vector<pid_t>> take_returned(std::uint32_t /*trial_tag*/, bool /*stamped*/) {
    return make_error(ErrorCode::unsupported,
                      "nothing at the generator's end takes the frames that come back");
  }

  // Monotonic since take_returned(). REQUIRES: that succeeded.
  virtual Result<Returned> returned() {
    return make_error(ErrorCode::failed, "nothing takes the frames that come back");
  }

  // How late those were; null: nobody records it. Valid until release_returned(). REQUIRES:
  // take_returned() of stamped frames succeeded.
  virtual DelayRecorder* returned_delays() { return nullptr; }

  // Makes the port take frames that an XDP program redirects into it, until release_returned().
  // Called when the backend is attached and before settle(), where take_returned() is not.
  virtual Result<void> let_redirects_out() { return {}; }

  // Idempotent.
  virtual void release_returned() noexcept {}

  // Ids of the BPF programs that the testbed has attached here at present.
  virtual std::vector<std::uint32_t> programs() const { return {}; }

  // Of a port that is not the testbed's own making.
  virtual std::optional<PortReport> report() const { return std::nullopt; }
};

// An end on this host. Its testbed writes what it makes of the port.
class LocalEnd : public End {
 public:
  const Port& port() const override { return made; }
  Port made;
};

}  // namespace pktbench
