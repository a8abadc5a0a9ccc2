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
#include "harness/sys/journal.hpp"

namespace pktbench::measure {

// Nanoseconds, the least of many short bursts, so that others on these CPUs do no harm. Takes a
// millisecond, or up to a second where others are there; both CPUs are busy meanwhile. Threads:
// any; it starts two of its own. Errors: the CPUs are one; it may not run on one of them; the two
// threads did not run at once.
Result<double> cpu_distance_ns(int one, int other);

// The source "cpu_distance". Its rule: no reading above DisturbanceLimits::max_cpu_distance times
// what these two CPUs show where they are near: the lowest decile of their last 1,000 readings,
// which a file in `dir` remembers until the host restarts, so that one run is not all near and the
// next all far. Looks while waiting are remembered only until there are a hundred.
// `distance` measures them.
std::unique_ptr<DisturbanceSource> cpu_distance_source(
    int generator_cpu, int dut_cpu, const std::string& dir = sys::kStateDir,
    std::function<Result<double>(int, int)> distance = cpu_distance_ns);

}  // namespace pktbench::measure
