#include "harness/sys/cpu.hpp"

#include <gtest/gtest.h>
#include <time.h>

namespace pktbench::sys {
namespace {

TEST(TwoClocks, BothMeasureTheSameInterval) {
  const TwoClocks before = read_two_clocks();
  const timespec pause{0, 50'000'000};
  nanosleep(&pause, nullptr);
  const TwoClocks after = read_two_clocks();
  const auto ns = static_cast<double>(after.monotonic_ns - before.monotonic_ns);
  EXPECT_GE(ns, 50e6);
  EXPECT_NEAR(static_cast<double>(after.reference_ns - before.reference_ns) / ns, 1, 0.001);
  EXPECT_STREQ(reference_clock(), tsc_hz() ? "TSC" : "CLOCK_MONOTONIC_RAW");
}

}  // namespace
}  // namespace pktbench::sys
