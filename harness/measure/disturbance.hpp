// The sources of disturbance of a real host, and the rule of each:
//
//   interrupts   of devices and softirqs on the DUT's CPUs, by name. What they cost is measured by
//                the CPU accounting, whose rule it is; the names say who it was.
//   frequency    the DUT's CPUs run more than kMaxFrequencyChange slower or faster after the window
//   throttling   a DUT's CPU or its package was throttled for heat
//   link         a port's carrier changed
//   memory       tasks waited for memory for more than kMaxMemoryStall of the window (PSI); without
//                PSI: any direct reclaim; with either: the kernel killed a process for want of it
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/core/disturbance.hpp"
#include "harness/core/port.hpp"

namespace pktbench::measure {

inline constexpr const char* kFrequency = "frequency";  // values in kHz, by "cpu1"
inline constexpr double kMaxFrequencyChange = 0.1;
inline constexpr double kMaxMemoryStall = 0.01;

using DisturbanceSources = std::vector<std::unique_ptr<DisturbanceSource>>;

using ReadDisturbance = std::function<DisturbanceReading()>;
using JudgeDisturbance = std::function<DisturbanceFinding(
    const DisturbanceReading& before, const DisturbanceReading& after, const DisturbanceLimits&)>;

// A source that keeps nothing between two calls. `name` is a literal.
std::unique_ptr<DisturbanceSource> disturbance_source(const char* name, ReadDisturbance read,
                                                      JudgeDisturbance judge);

// `root` stands before /proc and /sys, for tests; `ports` are asked by rtnetlink.
DisturbanceSources host_disturbances(const std::vector<int>& dut_cpus,
                                     const std::vector<Port>& ports, const std::string& root = "");

// What grew between two readings, by how much; nothing of what went back, which was reset.
std::map<std::string, double> what_grew(const DisturbanceReading& before,
                                        const DisturbanceReading& after);

// 0 where there is none of that name.
double value_of(const std::map<std::string, double>& values, const std::string& name);

// The source "programs". Its rule: no XDP program but the trial's own runs on a port at any time
// from the trial's start to the end of its window. A program that came and went in between is seen
// where the kernel announces it, which it does not for those attached by a BPF link.
std::unique_ptr<DisturbanceSource> foreign_programs_source(const std::vector<Port>& ports);

// One table in the form of /proc/interrupts or /proc/softirqs: counts by name, of one CPU. Devices
// go by the name of their handler, the others by their short one ("LOC"). Empty where the table has
// no such CPU.
std::map<std::string, double> interrupts_of_cpu(const std::string& table, int cpu);

}  // namespace pktbench::measure
