// CPUs: affinity, lists, the TSC.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "harness/core/clock.hpp"
#include "harness/core/result.hpp"

namespace pktbench::sys {

// CPUs a thread may run on, ascending; none where it has ended. `tid` 0, here and below: the
// calling thread.
std::vector<int> allowed_cpus(pid_t tid = 0);

// The kernel's list of CPUs or nodes, "0-3,7"; an empty one is written "none".
Result<std::vector<int>> parse_cpus(const std::string& text);
std::string cpus_text(const std::vector<int>& cpus);

Result<void> pin_thread(pid_t tid, int cpu);
Result<void> place_thread(pid_t tid, const std::vector<int>& cpus);

pid_t current_tid();

// `work` in a thread of its own on `cpu`, whose id is returned once it is there.
Result<pid_t> start_pinned(std::thread& thread, int cpu, std::function<void()> work);

// False in a container with a PID namespace of its own, where kernel threads are out of sight and
// the kernel knows our threads by other ids.
bool in_host_pid_namespace();

// CLOCK_MONOTONIC, the clock of bpf_ktime_get_ns().
std::uint64_t monotonic_ns();

// TSC ticks per second, measured against CLOCK_MONOTONIC_RAW over about 50 ms on the first call and
// remembered. /proc/cpuinfo's figure is rounded and can be another clock's. Errors: no constant
// TSC.
Result<double> tsc_hz();

// CLOCK_MONOTONIC, which NTP slews, and at the same moment a clock that nothing does: the TSC in
// nanoseconds by tsc_hz(), or CLOCK_MONOTONIC_RAW where there is no constant TSC. The two readings
// lie closest together of several tries, so that a preemption between them does no harm. The first
// call calibrates the TSC.
ClockReading read_two_clocks();
const char* reference_clock();  // "TSC" or "CLOCK_MONOTONIC_RAW"

// Capabilities that the kernel paths need and this process lacks, by name ("CAP_NET_ADMIN"); empty:
// all there.
std::vector<std::string> missing_capabilities();

}  // namespace pktbench::sys
