// The wiring between traffic generator and device under test.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/applied.hpp"
#include "harness/core/clock.hpp"
#include "harness/core/counters.hpp"
#include "harness/core/cpu.hpp"
#include "harness/core/disturbance.hpp"
#include "harness/core/options.hpp"
#include "harness/core/port.hpp"
#include "harness/core/result.hpp"
#include "harness/core/return_sink.hpp"

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
  std::vector<Applied> settings;
};

// Threads: one controlling thread.
class Testbed {
 public:
  virtual ~Testbed() = default;

  // Makes the wiring. Every change to the host is journalled before it is made. On error nothing
  // stays behind.
  virtual Result<void> up(const Options& options, unsigned queues) = 0;

  // REQUIRES: up() succeeded.
  virtual const Port& generator_port() const = 0;
  virtual const Port& dut_port() const = 0;

  // Before a trial: sees that the wiring is as up() left it, whatever others did to it since.
  // Returns what it has mended, a sentence each. Errors: what has become of it, where that cannot
  // be mended.
  virtual Result<std::vector<std::string>> mend() { return std::vector<std::string>{}; }

  // Called when the backend is attached and before traffic: puts the device's own kernel threads
  // where the arrangement wants them. `backend_polls`: it has threads of its own, which use the
  // port's pump_fd where there is one. Returns the ids of the threads that work for the DUT beside
  // those.
  virtual Result<std::vector<pid_t>> settle(bool backend_polls) = 0;

  // For a workload that sends frames back: until release_returned() those of `trial_tag` end at the
  // generator's end, and are counted. Called when the backend is attached and before settle().
  // Returns the ids of the threads that take them, which work for the generator.
  virtual Result<std::vector<pid_t>> take_returned(std::uint32_t /*trial_tag*/) {
    return make_error(ErrorCode::unsupported,
                      "nothing at the generator's end takes the frames that come back");
  }

  // Monotonic since take_returned(). REQUIRES: that succeeded.
  virtual Result<Returned> returned() {
    return make_error(ErrorCode::failed, "nothing takes the frames that come back");
  }

  // Idempotent.
  virtual void release_returned() noexcept {}

  // Ids of the BPF programs that it has attached to its ports at present.
  virtual std::vector<std::uint32_t> programs() const { return {}; }

  // Before a trial: gives the PCI function to user space, or, where `pci` is empty, sees that its
  // kernel driver has it. dut_port() is another one after that. Errors: `unsupported` where the
  // testbed has no such port or it cannot be given away.
  virtual Result<void> lend(const std::string& pci) {
    if (pci.empty()) return {};
    return make_error(ErrorCode::unsupported,
                      "PCI device " + pci + " is no port of this testbed; use testbed nic");
  }

  // Why its figures say nothing about hardware, where that is known only when it is up; empty: as
  // its type says.
  virtual std::string why_virtual() const { return {}; }

  // Its ports where they are not its own making.
  virtual std::vector<PortReport> ports() const { return {}; }

  // Places of sample() whose count is not known at present, and why.
  virtual std::map<std::string, std::string> missing_drops() const { return {}; }

  // Of the frames offered in a window, the share that may be lost without being counted anywhere:
  // a NIC need not count every frame that it drops.
  virtual double unnamed_loss() const { return 0; }

  // Frames that the DUT's device holds until it is served; none: not known.
  virtual std::optional<unsigned> rx_ring() const { return std::nullopt; }

  // Devices' interrupts on dut_softirq_cpus() are those of the DUT's own device.
  virtual bool dut_interrupts() const { return false; }

  // Frames dropped by the wiring and the DUT's device, by place; monotonic since up().
  virtual Result<DropCounts> sample() = 0;

  // The place of the above that holds what the device itself dropped on receiving, redirects that
  // failed among it; empty: there is none.
  virtual std::string receive_drop_place() const = 0;

  // CPUs whose network softirqs work for the DUT.
  virtual std::vector<int> dut_softirq_cpus() const = 0;

  virtual Clock& clock() = 0;
  virtual CpuMeter& cpu_meter() = 0;

  // What may disturb the DUT from outside; owned by the testbed, valid until down(). Empty where
  // nothing can.
  virtual std::vector<DisturbanceSource*> disturbances() { return {}; }

  // "isolated", "inline", ...; empty where the testbed has no such choice.
  virtual std::string arrangement() const = 0;

  // What CPUs do while they are idle, as it was found after up(): "poll" or "sleep", or "spin"
  // where threads of the testbed's keep the DUT's awake; empty: the testbed does not see to it.
  virtual std::string dut_idle() const { return {}; }

  // Of "spin" those threads: their time is the DUT's idle time.
  virtual std::vector<pid_t> idle_threads() const { return {}; }

  // Undoes everything up() did. Idempotent. An error says what is left, for `pktbench restore`.
  virtual Result<void> down() noexcept = 0;
};

}  // namespace pktbench
