#include "harness/measure/summary.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

namespace pktbench {
namespace {

TEST(Summary, OfKnownValues) {
  const Summary s = summarize({4, 1, 3, 2, 10});
  EXPECT_EQ(s.n, 5u);
  EXPECT_DOUBLE_EQ(*s.median, 3);
  EXPECT_DOUBLE_EQ(*s.mean, 4);
  EXPECT_DOUBLE_EQ(*s.cov, std::sqrt(50.0 / 4) / 4);  // squares of -3, -2, -1, 0, 6
  EXPECT_EQ(s.reason, "");
}

TEST(Summary, MedianOfAnEvenNumberIsHalfWay) {
  EXPECT_DOUBLE_EQ(*summarize({4, 1, 3, 2}).median, 2.5);
}

TEST(Summary, FiveValuesGiveTheirRangeAndItsRealCoverage) {
  const Summary s = summarize({3, 1, 5, 2, 4});
  ASSERT_TRUE(s.ci95);
  EXPECT_EQ(s.ci95->lo, 1);
  EXPECT_EQ(s.ci95->hi, 5);
  EXPECT_EQ(s.ci95->confidence, 0.9375);
}

// From the binomial table: 1 - 2 P(B < k), B ~ Binomial(n, 1/2).
TEST(Summary, TheNarrowestPairThatCoversIsTaken) {
  const struct {
    std::size_t n, k;
    double confidence;
  } kTable[] = {{5, 1, 1 - 2.0 / 32},
                {6, 1, 1 - 2.0 / 64},
                {8, 1, 1 - 2.0 / 256},
                {9, 2, 1 - 2.0 * (1 + 9) / 512},
                {10, 2, 1 - 2.0 * 11 / 1024},
                {12, 3, 1 - 2.0 * (1 + 12 + 66) / 4096},
                {20, 6, 1 - 2.0 * 21700 / 1048576}};
  for (const auto& row : kTable) {
    const OrderStatistics got = median_order_statistics(row.n);
    EXPECT_EQ(got.k, row.k) << row.n;
    EXPECT_DOUBLE_EQ(got.confidence, row.confidence) << row.n;
  }
}

TEST(Summary, AnotherStepInwardsWouldNotCover) {
  for (std::size_t n = 6; n < 60; ++n) {
    // Pascal's triangle: how many of the 2^n outcomes have i values below the median.
    std::vector<double> row{1};
    for (std::size_t i = 1; i <= n; ++i) {
      row.push_back(0);
      for (std::size_t j = i; j > 0; --j) row[j] += row[j - 1];
    }
    const OrderStatistics got = median_order_statistics(n);
    double below = 0;
    for (std::size_t i = 0; i < got.k; ++i) below += row[i];
    const double all = std::ldexp(1.0, static_cast<int>(n));
    EXPECT_GE(got.confidence, 0.95) << n;
    EXPECT_LT(1 - 2 * (below + row[got.k]) / all, 0.95) << n;
    EXPECT_DOUBLE_EQ(got.confidence, 1 - 2 * below / all) << n;
  }
}

TEST(Summary, ThousandsOfValuesAgreeWithTheNormalApproximation) {
  for (const std::size_t n : {1000u, 1001u, 5000u, 20000u}) {
    const auto size = static_cast<double>(n);
    const OrderStatistics got = median_order_statistics(n);
    EXPECT_NEAR(static_cast<double>(got.k), size / 2 - 1.96 * std::sqrt(size) / 2, 2) << n;
    EXPECT_NEAR(got.confidence, 0.95, 0.01) << n;
  }
}

TEST(Summary, TooFewValuesHaveNoIntervalAndAReason) {
  const Summary four = summarize({1, 2, 3, 4});
  EXPECT_FALSE(four.ci95);
  EXPECT_TRUE(four.cov);
  EXPECT_EQ(four.reason, "an interval needs 5 values, there are 4");

  const Summary one = summarize({7});
  EXPECT_EQ(*one.median, 7);
  EXPECT_EQ(*one.mean, 7);
  EXPECT_FALSE(one.cov);
  EXPECT_EQ(one.reason, "one value has no spread; an interval needs 5 values, there are 1");

  const Summary none = summarize({});
  EXPECT_EQ(none.n, 0u);
  EXPECT_FALSE(none.median);
  EXPECT_FALSE(none.mean);
  EXPECT_EQ(none.reason, "no values");
}

TEST(Summary, AMeanOfZeroHasNoRelativeSpread) {
  const Summary s = summarize({0, 0, 0, 0, 0});
  EXPECT_EQ(*s.mean, 0);
  EXPECT_FALSE(s.cov);
  EXPECT_TRUE(s.ci95);
  EXPECT_NE(s.reason, "");
}

// How often the interval holds the true median, over many samples of n.
void expect_coverage(std::size_t n, double true_median,
                     const std::function<double(std::mt19937_64&)>& draw) {
  constexpr int kRounds = 20'000;
  std::mt19937_64 random(20'240'607 + n);
  int held = 0;
  double claimed = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> values(n);
    for (double& v : values) v = draw(random);
    const Summary s = summarize(values);
    claimed = s.ci95->confidence;
    held += s.ci95->lo <= true_median && true_median <= s.ci95->hi;
  }
  const double deviation = std::sqrt(claimed * (1 - claimed) / kRounds);
  EXPECT_NEAR(static_cast<double>(held) / kRounds, claimed, 4 * deviation) << "n = " << n;
}

TEST(Summary, CoversAsOftenAsItClaims) {
  for (const std::size_t n : {5u, 6u, 10u, 20u}) {
    expect_coverage(n, 7, [](auto& r) { return std::normal_distribution(7.0, 0.5)(r); });
    expect_coverage(n, std::log(2), [](auto& r) { return std::exponential_distribution(1.0)(r); });
    expect_coverage(n, 1, [](auto& r) { return std::lognormal_distribution(0.0, 1.5)(r); });
  }
}

}  // namespace
}  // namespace pktbench
