#include "harness/measure/summary.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
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
  EXPECT_EQ(s.ci95->method, IntervalMethod::order_statistics);
  EXPECT_STREQ(to_string(s.ci95->method), "order-statistics");
}

// Hettmansperger and Sheather, by hand for n = 10: the 2nd pair covers 1002/1024, the 3rd 912/1024.
TEST(Summary, TenValuesGiveAnIntervalBetweenTwoPairs) {
  const Summary s = summarize({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  const double share = (1002.0 / 1024 - 0.95) / (90.0 / 1024);
  const double inwards = 8 * share / (2 + 6 * share);
  EXPECT_DOUBLE_EQ(s.ci95->lo, 2 + inwards);
  EXPECT_DOUBLE_EQ(s.ci95->hi, 9 - inwards);
  EXPECT_EQ(s.ci95->confidence, 0.95);
  EXPECT_EQ(s.ci95->method, IntervalMethod::interpolated_order_statistics);
  EXPECT_STREQ(to_string(s.ci95->method), "interpolated-order-statistics");
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

using Draw = std::function<double(std::mt19937_64&, double)>;  // of a run, at 0 to 1 of its time

// How often the interval holds the true median, over many samples of n.
double coverage(std::size_t n, double true_median, const Draw& draw, int rounds) {
  std::mt19937_64 random(20'240'607 + n);
  int held = 0;
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> values(n);
    for (std::size_t i = 0; i < n; ++i)
      values[i] = draw(random, static_cast<double>(i) / static_cast<double>(n - 1));
    const MedianInterval got = *summarize(values).ci95;
    held += got.lo <= true_median && true_median <= got.hi;
  }
  return static_cast<double>(held) / rounds;
}

double normal(std::mt19937_64& r, double) { return std::normal_distribution(7.0, 0.5)(r); }
double skewed(std::mt19937_64& r, double) { return std::lognormal_distribution(0.0, 1.5)(r); }
// Twice the noise from the first trial to the last; the median is that of the middle. Trials that
// drift are spread more evenly than independent ones, so that the interval covers more.
double drifting(std::mt19937_64& r, double at) { return normal(r, at) + at - 0.5; }

TEST(Summary, Covers93To97PercentOfTheTruth) {
  constexpr int kRounds = 8000;
  std::printf("coverage of 95%% intervals of the median\n");
  for (const std::size_t n : {5u, 6u, 7u, 8u, 10u, 15u, 20u, 21u}) {
    const struct {
      const char* name;
      double truth;
      double most;
      Draw draw;
    } kNoises[] = {{"normal", 7, 0.97, normal},
                   {"lognormal", 1, 0.97, skewed},
                   {"drifting", 7, 0.985, drifting}};
    for (const auto& noise : kNoises) {
      const double got = coverage(n, noise.truth, noise.draw, kRounds);
      std::printf("  n = %2zu, %-10s  %5.1f%%\n", n, noise.name, got * 100);
      EXPECT_GE(got, 0.93) << n << " " << noise.name;
      EXPECT_LE(got, noise.most) << n << " " << noise.name;
    }
  }
}

}  // namespace
}  // namespace pktbench
