// How a loop that spins on an empty ring waits.
#pragma once

namespace pktbench::sys {

// Returns after about half a microsecond: a look at the ring takes its cache line from the other
// side, which is about to write to it.
inline void spin_once() {
  constexpr int kPauses = 16;
  for (int i = 0; i < kPauses; ++i) __builtin_ia32_pause();
}

}  // namespace pktbench::sys
