// How a loop that spins on an empty ring waits.
#pragma once

namespace pktbench::sys {

// Returns after about half a microsecond: a look at the ring takes its cache line from the other
// side, which is about to write to it.
inline void spin_once() {
  constexpr int kPauses = 16;
  for (int i = 0; i < kPauses; ++i) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
}

}  // namespace pktbench::sys
