#include "harness/sys/cpu.hpp"

#include <gtest/gtest.h>
#include <time.h>

namespace pktbench::sys {
namespace {

TEST(CpuList, IsReadStrictlyAndWritten) {
  EXPECT_EQ(*parse_cpus("0-2,5"), (std::vector<int>{0, 1, 2, 5}));
  EXPECT_EQ(*parse_cpus("7"), std::vector<int>{7});
  EXPECT_TRUE(parse_cpus("")->empty());
  for (const char* bad : {"x", "3-1", "1-", "1;2", "-1", "1,,2", "0-99999999", "99999999999"})
    EXPECT_FALSE(parse_cpus(bad)) << bad;
  EXPECT_EQ(cpus_text({0, 1, 2, 5, 7, 8}), "0-2,5,7-8");
  EXPECT_EQ(cpus_text({}), "none");
}

TEST(TwoClocks, BothMeasureTheSameInterval) {
  const ClockReading before = read_two_clocks();
  const timespec pause{0, 50'000'000};
  nanosleep(&pause, nullptr);
  const ClockReading after = read_two_clocks();
  const auto ns = static_cast<double>(after.now_ns - before.now_ns);
  EXPECT_GE(ns, 50e6);
  EXPECT_NEAR(static_cast<double>(after.reference_ns - before.reference_ns) / ns, 1, 0.001);
  EXPECT_STREQ(reference_clock(), tsc_hz() ? "TSC" : "CLOCK_MONOTONIC_RAW");
}

}  // namespace
}  // namespace pktbench::sys
