#include "harness/method/soak/drift.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <functional>
#include <random>

namespace pktbench::method {
namespace {

constexpr int kSeries = 500;

// How many of many series have a slope whose interval holds no 0.
double share_found(int n, const std::function<double(int i, double white)>& value) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  int found = 0;
  for (int s = 0; s < kSeries; ++s) {
    std::vector<double> at_s;
    std::vector<double> values;
    for (int i = 0; i < n; ++i) {
      at_s.push_back(5.0 * i);
      values.push_back(value(i, normal(random)));
    }
    const auto slope = slope_of(at_s, values, 0.99);
    found += slope && (slope->low > 0 || slope->high < 0);
  }
  return static_cast<double>(found) / kSeries;
}

TEST(Drift, IsFoundWhereItIsAndNotWhereThereIsNone) {
  for (const int n : {20, 120, 720}) {
    const double none = share_found(n, [](int, double white) { return 100 + white; });
    // Over the series as much as five times the noise of a window.
    const double is =
        share_found(n, [n](int i, double white) { return 100 + 5.0 * i / n + white; });
    // What wanders comes back: no drift.
    double kept = 0;
    const double wanders = share_found(n, [&](int i, double white) {
      kept = i == 0 ? white : 0.8 * kept + 0.6 * white;
      return 100 + kept;
    });
    std::printf(
        "%d windows: a drift is found in %.1f%%; without one in %.1f%%, where it wanders in "
        "%.1f%% of %d series\n",
        n, is * 100, none * 100, wanders * 100, kSeries);
    EXPECT_LE(none, 0.02) << n;
    EXPECT_GE(is, n < 100 ? 0.8 : 0.99) << n;
    EXPECT_LE(wanders, n < 100 ? 0.08 : 0.05) << n;
  }
}

TEST(Drift, OfAStraightLineIsItsSlope) {
  std::vector<double> at_s;
  std::vector<double> values;
  for (int i = 0; i < 10; ++i) {
    at_s.push_back(7.0 * i);
    values.push_back(3 - 0.5 * at_s.back());
  }
  const auto slope = slope_of(at_s, values, 0.99);
  ASSERT_TRUE(slope);
  EXPECT_NEAR(slope->per_s, -0.5, 1e-12);
  EXPECT_LE(slope->low, slope->per_s);
  EXPECT_LT(slope->high, 0);
}

TEST(Drift, OfWhatNeverChangesOrOfTooFewIsNone) {
  std::vector<double> at_s = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<double> same(8, 42.0);
  const auto slope = slope_of(at_s, same, 0.99);
  ASSERT_TRUE(slope);
  EXPECT_FALSE(slope->low > 0 || slope->high < 0);
  at_s.pop_back();
  EXPECT_FALSE(slope_of(at_s, std::vector<double>(7, 1.0), 0.99));
}

}  // namespace
}  // namespace pktbench::method
