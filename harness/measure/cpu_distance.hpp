// How far apart two CPUs are: what a cache line takes from one to the other and back. On hardware
// it stays as it is. A hypervisor may move a virtual CPU to a core that shares no cache with the
// other's, and every frame that passes between the two costs more from then on.
#pragma once

#include <memory>

#include "harness/core/disturbance.hpp"
#include "harness/core/result.hpp"

namespace pktbench::measure {

// Nanoseconds, the least of many short bursts, so that others on these CPUs do no harm. Takes a
// millisecond, or up to 50 where others are there; both CPUs are busy meanwhile. Threads: any; it
// starts two of its own. Errors: the CPUs are one; it may not run on one of them; the two threads
// never ran at once.
Result<double> cpu_distance_ns(int one, int other);

// The source "cpu_distance": evidence without a rule. What a trial measured is true of the distance
// that it had, and to be compared with trials that had the same.
std::unique_ptr<DisturbanceSource> cpu_distance_source(int generator_cpu, int dut_cpu);

}  // namespace pktbench::measure
