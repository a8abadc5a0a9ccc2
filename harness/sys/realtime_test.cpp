#include "harness/sys/realtime.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "harness/sys/cpu.hpp"

namespace pktbench::sys {
namespace {

TEST(Realtime, IsTheDistanceOfTheTwoClocks) {
  const RealtimeAhead ahead = realtime_ahead();
  const std::uint64_t before = monotonic_ns();
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const std::uint64_t after = monotonic_ns();
  const auto realtime = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
                        static_cast<std::uint64_t>(now.tv_nsec) -
                        static_cast<std::uint64_t>(ahead.ns);
  EXPECT_GE(realtime + ahead.within_ns, before);
  EXPECT_LE(realtime, after + ahead.within_ns);
  // Of many readings one is not interrupted.
  EXPECT_LT(ahead.within_ns, 100'000u);
}

}  // namespace
}  // namespace pktbench::sys
