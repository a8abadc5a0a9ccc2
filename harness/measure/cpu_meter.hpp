// CPU accounting on a real host: a BPF program on context switches, softirqs and hard interrupts of
// devices charges every nanosecond of the watched CPUs to a class (see bpf/cpu_account.bpf.c), and
// core cycles by the PMU of each CPU where the machine has one.
//
// Thread clocks are not used: they hide softirq time in the interrupted task and split wrongly
// between threads that share a CPU. Cost: about 100 ns per context switch, softirq and interrupt,
// on every CPU; with a PMU about 100 ns more.
#pragma once

#include <cstdint>
#include <memory>

#include "harness/core/cpu.hpp"

namespace pktbench::measure {

// What counts as a cycle, in the terms of perf_event_open(2).
struct CycleEvent {
  std::uint32_t type = 0;    // PERF_TYPE_HARDWARE
  std::uint64_t config = 0;  // PERF_COUNT_HW_CPU_CYCLES
};

// start() errors: `unsupported` where the kernel has no BTF or does not let us attach.
std::unique_ptr<CpuMeter> make_cpu_meter(const CycleEvent& cycles = {});

}  // namespace pktbench::measure
