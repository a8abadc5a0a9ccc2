#include "harness/sys/realtime.hpp"

#include <ctime>

#include "harness/sys/cpu.hpp"

namespace pktbench::sys {

RealtimeAhead realtime_ahead() {
  constexpr int kReadings = 50;
  RealtimeAhead best{0, UINT64_MAX};
  for (int i = 0; i < kReadings; ++i) {
    const std::uint64_t before = monotonic_ns();
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    const std::uint64_t between = monotonic_ns() - before;
    if (between / 2 >= best.within_ns) continue;
    const std::int64_t realtime = now.tv_sec * 1'000'000'000LL + now.tv_nsec;
    best = {realtime - static_cast<std::int64_t>(before + between / 2), between / 2};
  }
  return best;
}

}  // namespace pktbench::sys
