// The source "threads": what somebody does to the threads that work for a trial. Its rules:
//
//   a thread that was pinned to one CPU may run on no other, before and after the window, and has
//   changed its CPU at no time inside it;
//   no thread was stopped, by a signal or by a debugger.
//
// What happens inside the window and is over at its end is known by the CPU accounting, where that
// runs.
#pragma once

#include <memory>

#include "harness/core/cpu.hpp"
#include "harness/core/disturbance.hpp"

namespace pktbench::measure {

inline constexpr const char* kThreads = "threads";
// Evidence: how often receivers and NAPI threads were woken in the window.
inline constexpr const char* kDutWakeups = "dut_wakeups";

// `meter` outlives it.
std::unique_ptr<DisturbanceSource> thread_source(CpuMeter& meter);

}  // namespace pktbench::measure
