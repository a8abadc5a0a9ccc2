#include "harness/text/numbers.hpp"

#include <gtest/gtest.h>

namespace pktbench {
namespace {

TEST(Numbers, ASmallShareHasTwoDigitsAndALargeOneNoExponent) {
  EXPECT_EQ(fine_percent(0.004), "0.4%");
  EXPECT_EQ(fine_percent(0.0123), "1.2%");
  EXPECT_EQ(fine_percent(0.099), "9.9%");
  EXPECT_EQ(fine_percent(0.31), "31%");
  EXPECT_EQ(fine_percent(0.999), "100%");
  EXPECT_EQ(fine_percent(7.04), "704%");
}

}  // namespace
}  // namespace pktbench
