#include "harness/sys/utc.hpp"

#include <gtest/gtest.h>

namespace pktbench::sys {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

TEST(Utc, IsWrittenWithMilliseconds) {
  EXPECT_EQ(rfc3339_utc(system_clock::time_point(milliseconds(0))), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339_utc(system_clock::time_point(milliseconds(1'767'323'045'007))),
            "2026-01-02T03:04:05.007Z");
  EXPECT_EQ(rfc3339_utc(system_clock::time_point(milliseconds(1'767'323'045'999))),
            "2026-01-02T03:04:05.999Z");
}

// What a wall clock that is stepped does to it, a test in the guest of scripts/lab sees.
TEST(Utc, GoesOnFromTheWallClock) {
  const system_clock::time_point now = utc_now();
  EXPECT_LT(std::chrono::abs(now - system_clock::now()), std::chrono::seconds(60));
  EXPECT_LE(now, utc_now());
}

}  // namespace
}  // namespace pktbench::sys
