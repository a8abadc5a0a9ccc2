// CPU accounting on a real host: a BPF program on context switches, softirqs and hard interrupts of
// devices charges every nanosecond of the watched CPUs to a class (see bpf/cpu_account.bpf.c), and
// core cycles come from the PMU of each CPU where the machine has one.
//
// Thread clocks are not used: they hide softirq time in the interrupted task and split wrongly
// between threads that share a CPU. Cost: about 100 ns per context switch, softirq and interrupt,
// on every CPU.
#pragma once

#include <memory>

#include "harness/core/cpu.hpp"

namespace pktbench::measure {

// start() errors: `unsupported` where the kernel has no BTF or does not let us attach.
std::unique_ptr<CpuMeter> make_cpu_meter();

}  // namespace pktbench::measure
