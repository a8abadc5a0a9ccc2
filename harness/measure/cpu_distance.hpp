// How far apart two CPUs are: what a cache line takes from one to the other and back. Where it has
// two levels that last for seconds, as a hypervisor makes them that moves virtual CPUs between
// cores with and without a shared cache, frames that pass between the two cost more at the longer
// one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "harness/core/disturbance.hpp"
#include "harness/core/result.hpp"

namespace pktbench::measure {

// Nanoseconds, the least of many short bursts, so that others on these CPUs do no harm. Takes a
// millisecond, or up to a second where others are there; both CPUs are busy meanwhile. Threads:
// any; it starts two of its own. Errors: the CPUs are one; it may not run on one of them; the two
// threads did not run at once.
Result<double> cpu_distance_ns(int one, int other);

inline constexpr const char* kCpuDistance = "cpu_distance";

// The source of that name. Its rule: of the readings before and after a window neither is more than
// DisturbanceLimits::max_cpu_distance_change times the other. A distance that lasts is a condition.
// `distance` measures it.
std::unique_ptr<DisturbanceSource> cpu_distance_source(
    int generator_cpu, int dut_cpu,
    std::function<Result<double>(int, int)> distance = cpu_distance_ns);

}  // namespace pktbench::measure
