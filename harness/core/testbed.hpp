// The wiring between traffic generator and device under test.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/core/clock.hpp"
#include "harness/core/counters.hpp"
#include "harness/core/cpu.hpp"
#include "harness/core/disturbance.hpp"
#include "harness/core/options.hpp"
#include "harness/core/port.hpp"
#include "harness/core/result.hpp"
#include "harness/core/return_sink.hpp"

namespace pktbench {

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

  // Frames dropped by the wiring and the DUT's device, by place; monotonic since up().
  virtual Result<DropCounts> sample() = 0;

  // The place of the above that holds what the device itself dropped on receiving.
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

  // Undoes everything up() did. Idempotent. An error says what is left, for `pktbench restore`.
  virtual Result<void> down() noexcept = 0;
};

}  // namespace pktbench
