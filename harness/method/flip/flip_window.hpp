// A window in which a backend's action is turned, and rate and CPU are sampled all along.
//
// Threads: the controlling thread, which is on the generator's CPU: what it takes there is
// measured.
#pragma once

#include <cstdint>

#include "harness/core/clock.hpp"
#include "harness/core/cpu.hpp"
#include "harness/core/flip.hpp"
#include "harness/method/accounting.hpp"

namespace pktbench::method {

// What is read at once.
struct FlipReading {
  LiveControl::Count count;
  CpuSample cpus;  // its at_ns is the reading's
};

// Waits until `until_ns`, samples and turns. The gate is open. Errors: those of the control and of
// the meter. A stop ends it early.
Result<FlipRecord> flip_window(const FlipPlan& plan, LiveControl& control, CpuMeter& meter,
                               const CpuOwners& owners, Clock& clock, std::uint64_t until_ns,
                               const StopFlag& stop);

// Pure. `opened_ns`, `flipped_ns`: by the clock of the readings. REQUIRES: two readings at least.
FlipRecord flip_record(const FlipPlan& plan, const std::vector<FlipReading>& readings,
                       const CpuOwners& owners, bool by_pmu, double tsc_hz, std::uint64_t opened_ns,
                       std::uint64_t flipped_ns);

}  // namespace pktbench::method
