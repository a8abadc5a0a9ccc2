// The wiring between traffic generator and device under test: two ends, and what joins them.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/core/clock.hpp"
#include "harness/core/cpu.hpp"
#include "harness/core/disturbance.hpp"
#include "harness/core/end.hpp"
#include "harness/core/options.hpp"
#include "harness/core/result.hpp"

namespace pktbench {

// RX queues that the cases of a scenario ask of a testbed.
struct QueueRange {
  unsigned least = 1;
  unsigned most = 1;
};

// Among the options of up(), and in no scenario: which set-up of the run it is, from 0.
inline constexpr const char* kSetUp = "set_up";

// Threads: one controlling thread.
class Testbed {
 public:
  virtual ~Testbed() = default;

  // Makes the wiring. Every change to the host is journalled before it is made. On error nothing
  // stays behind. The DUT's port has the least of `queues`, and the CPUs that the most can use.
  virtual Result<void> up(const Options& options, QueueRange queues) = 0;

  // All of the below REQUIRE: up() succeeded.

  End& generator() const { return *generator_end_; }
  End& dut() const { return *dut_end_; }

  // Before a trial: sees that the wiring is as up() left it, whatever others did to it since.
  // Returns what it has mended, a sentence each. Errors: what has become of it, where that cannot
  // be mended.
  virtual Result<std::vector<std::string>> mend() { return std::vector<std::string>{}; }

  // Before a trial: gives the DUT's port so many RX queues, of the range of up(), and a CPU for
  // each as far as there are. Errors: `unsupported` where the port cannot have them.
  virtual Result<void> use_queues(unsigned queues) = 0;

  // Before a trial: makes the ports fit for such frames: their MTU, and addresses of their kind.
  // Errors: `unsupported` where a port cannot have it.
  virtual Result<void> use_frames(const TrafficSpec& /*traffic*/) { return {}; }

  // Before a trial whose workload forwards: sees that each end has its second port, and that the
  // generator's sends to what is behind them. Errors: `unsupported` where the testbed has none.
  virtual Result<void> use_second_ports() {
    return make_error(ErrorCode::unsupported,
                      "this testbed has one port at each end, and a frame that is forwarded goes "
                      "out of a second one; use testbed veth, or nic with dut_out and "
                      "generator_in");
  }

  // The DUT's second port, out of which it forwards, and the generator's, which takes those frames.
  // REQUIRE: use_second_ports() succeeded.
  virtual End* dut_out() { return nullptr; }
  virtual End* generator_in() { return nullptr; }

  // Before a trial: gives the PCI function to user space, or, where `pci` is empty, sees that its
  // kernel driver has it. The DUT's port is another one after that. Errors: `unsupported` where the
  // testbed has no such port or it cannot be given away.
  virtual Result<void> lend(const std::string& pci) {
    if (pci.empty()) return {};
    return make_error(ErrorCode::unsupported,
                      "PCI device " + pci + " is no port of this testbed; use testbed nic");
  }

  // Why its figures say nothing about hardware, where that is known only when it is up; empty: as
  // its type says.
  virtual std::string why_virtual() const { return {}; }

  // Of the frames offered in a window, the share that may be lost without being counted anywhere:
  // a NIC need not count every frame that it drops.
  virtual double unnamed_loss() const { return 0; }

  virtual Clock& clock() = 0;
  virtual CpuMeter& cpu_meter() = 0;

  // What may disturb the DUT from outside; owned by the testbed, valid until down(). Empty where
  // nothing can.
  virtual std::vector<DisturbanceSource*> disturbances() { return {}; }

  // "isolated", "inline", ...; empty where the testbed has no such choice.
  virtual std::string arrangement() const { return {}; }

  // What CPUs do while they are idle, as it was found after up(): "poll" or "sleep", or "spin"
  // where threads of the testbed's keep the DUT's awake; empty: the testbed does not see to it.
  virtual std::string dut_idle() const { return {}; }

  // Of "spin" those threads: their time is the DUT's idle time.
  virtual std::vector<pid_t> idle_threads() const { return {}; }

  // Undoes everything up() did. Idempotent. An error says what is left, for `pktbench restore`.
  virtual Result<void> down() noexcept = 0;

 protected:
  // Called by the constructor of the derived class, whose members they are.
  void has_ends(End& generator, End& dut) {
    generator_end_ = &generator;
    dut_end_ = &dut;
  }

 private:
  End* generator_end_ = nullptr;
  End* dut_end_ = nullptr;
};

// Frames dropped between the source and the backend: at both ends together.
inline Result<DropCounts> dropped_at_ends(const Testbed& testbed) {
  auto drops = testbed.generator().sample();
  if (!drops) return drops;
  const auto there = testbed.dut().sample();
  if (!there) return there.error();
  for (const auto& [place, n] : *there) (*drops)[place] += n;
  return drops;
}

}  // namespace pktbench
