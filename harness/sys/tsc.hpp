// The time-stamp counter of the CPU, for inner loops; harness/sys/cpu.hpp says how fast it ticks.
#pragma once

#include <cstdint>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace pktbench::sys {

// 0 where there is none: tsc_hz() says so. Cost: about 10 ns.
inline std::uint64_t tsc() {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return 0;
#endif
}

}  // namespace pktbench::sys
