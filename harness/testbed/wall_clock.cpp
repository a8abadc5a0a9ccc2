#include "harness/testbed/wall_clock.hpp"

#include <time.h>

#include <cerrno>

#include "harness/sys/cpu.hpp"

namespace pktbench::testbed {

std::uint64_t WallClock::now_ns() { return sys::monotonic_ns(); }

ClockReading WallClock::read() {
  const sys::TwoClocks both = sys::read_two_clocks();
  return {both.monotonic_ns, both.reference_ns};
}

std::string WallClock::reference() const { return sys::reference_clock(); }

void WallClock::sleep_ns(std::uint64_t ns, const StopFlag& stop) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  const std::uint64_t end = now_ns() + ns;
  // In slices, because a signal may arrive between the check of `stop` and the sleep.
  for (std::uint64_t now = now_ns(); now < end && !stop; now = now_ns()) {
    const std::uint64_t slice = end - now < kSecond / 4 ? end - now : kSecond / 4;
    const timespec t{static_cast<time_t>(slice / kSecond), static_cast<long>(slice % kSecond)};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &t, nullptr);
  }
}

}  // namespace pktbench::testbed
