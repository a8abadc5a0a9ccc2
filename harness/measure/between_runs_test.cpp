#include "harness/measure/between_runs.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace pktbench {
namespace {

std::vector<Draw> draws(const std::vector<double>& medians) {
  std::vector<Draw> made;
  for (const double median : medians) made.push_back({median, 0, 1});
  return made;
}

TEST(BetweenRuns, IsStudentsTOnTheLogarithms) {
  const auto found = between_runs(draws({100, 101, 102, 99, 98}), draws({96, 97, 95}));
  ASSERT_TRUE(found);
  // scipy.stats.ttest_ind of the logarithms.
  EXPECT_EQ(found->freedom, 6);
  EXPECT_NEAR(std::log(found->ratio), -0.040758, 1e-6);
  EXPECT_NEAR(found->p, 0.0078177, 1e-6);
  EXPECT_LT(found->hi, 1);
  EXPECT_LT(found->lo, found->ratio);
}

TEST(BetweenRuns, OneRunASideSaysNothing) {
  const auto found = between_runs({{100, 0.01, 20}}, {{50, 0.01, 20}});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::unsupported);
  EXPECT_TRUE(between_runs({{100, 0.01, 20}, {101, 0.01, 20}}, {{50, 0.01, 20}}));
  EXPECT_FALSE(between_runs({{0, 0, 1}, {1, 0, 1}}, {{1, 0, 1}}));
  EXPECT_FALSE(between_runs({}, {{1, 0, 1}}));
}

// Two runs that happen to be alike say no more of the spread than their trials do.
TEST(BetweenRuns, TheSpreadIsNoLessThanTheTrialsMakeIt) {
  const std::vector<Draw> base = {{100, 0.02, 10}, {100, 0.02, 10}, {100, 0.02, 10}};
  const auto found = between_runs(base, {{99, 0.02, 10}});
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->spread, 0.02 * std::sqrt(std::acos(-1) / 2 / 10), 1e-6);
  EXPECT_GT(found->p, 0.1);
}

// Equal truths: p is below 5% in 5% of them, and the interval has no change in it in 95%.
TEST(BetweenRuns, SaysOfOneMoreRunWhatItCovers) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  int small = 0;
  int outside = 0;
  constexpr int kTimes = 4000;
  for (int i = 0; i < kTimes; ++i) {
    std::vector<Draw> base;
    for (int k = 0; k < 10; ++k) base.push_back({100 * std::exp(0.01 * normal(random)), 0, 1});
    const auto found = between_runs(base, {{100 * std::exp(0.01 * normal(random)), 0, 1}});
    ASSERT_TRUE(found);
    small += found->p < 0.05;
    outside += found->lo > 1 || found->hi < 1;
  }
  EXPECT_NEAR(static_cast<double>(small) / kTimes, 0.05, 0.012);
  EXPECT_EQ(small, outside);
}

TEST(BetweenRuns, PairsLeaveOutWhatBothSidesShare) {
  std::vector<Draw> base;
  std::vector<Draw> next;
  for (int i = 0; i < 6; ++i) {
    const double drift = 1 + 0.1 * i;
    base.push_back({100 * drift, 0, 1});
    next.push_back({95 * drift * (i % 2 ? 1.001 : 1), 0, 1});
  }
  const auto paired = between_paired_runs(base, next);
  ASSERT_TRUE(paired);
  EXPECT_LT(paired->p, 1e-5);
  EXPECT_NEAR(paired->ratio, 0.95, 0.001);
  EXPECT_GT(between_runs(base, next)->p, 0.1);
  EXPECT_FALSE(between_paired_runs({base[0]}, {next[0]}));
}

TEST(BetweenRuns, SaysHowManyRunsWouldDo) {
  const auto few = runs_needed(0.01, 0.1, {});
  const auto many = runs_needed(0.01, 0.02, {});
  ASSERT_TRUE(few && many);
  EXPECT_LT(*few, *many);
  EXPECT_EQ(runs_needed(0.5, 0.001, {}), std::nullopt);
  // What it says is what smallest_change() would say.
  std::vector<Draw> side;
  for (std::size_t i = 0; i < *many; ++i)
    side.push_back({100 * std::exp(0.01 * (i % 2 ? 1 : -1)), 0, 1});
  EXPECT_LT(smallest_change(*between_runs(side, side), {}), 0.0225);
  EXPECT_LE(*runs_needed_against(10, 0.01, 0.05, {}), *runs_needed(0.01, 0.05, {}));
}

}  // namespace
}  // namespace pktbench
