#include "harness/measure/ranks.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace pktbench {
namespace {

// statistics_test.py holds the same functions against SciPy; here are the cases a table knows.
TEST(MannWhitney, SeparateSamplesHaveTheSmallestPossibleP) {
  const RankTest four = mann_whitney({1, 2, 3, 4}, {5, 6, 7, 8});
  EXPECT_EQ(four.statistic, 0);
  EXPECT_TRUE(four.exact);
  EXPECT_NEAR(four.p, 2.0 / 70, 1e-12);
  EXPECT_NEAR(mann_whitney({6, 7, 8, 9, 10}, {1, 2, 3, 4, 5}).p, 2.0 / 252, 1e-12);
  EXPECT_EQ(mann_whitney({6, 7, 8, 9, 10}, {1, 2, 3, 4, 5}).statistic, 25);
}

TEST(MannWhitney, SamplesThatSayNothingHaveP1) {
  EXPECT_EQ(mann_whitney({}, {1, 2}).p, 1);
  EXPECT_EQ(mann_whitney({1, 2}, {}).p, 1);
  const RankTest equal = mann_whitney({3, 3, 3}, {3, 3, 3});
  EXPECT_EQ(equal.p, 1);
  EXPECT_FALSE(equal.exact);
  EXPECT_EQ(equal.statistic, 4.5);
}

TEST(SignedRank, AllOneWayHasTheSmallestPossibleP) {
  EXPECT_NEAR(signed_rank({1, 2, 3, 4, 5, 6}).p, 2.0 / 64, 1e-12);
  EXPECT_NEAR(signed_rank({-1, -2, -3, -4, -5, -6}).p, 2.0 / 64, 1e-12);
  EXPECT_EQ(signed_rank({1, 2, 3, 4, 5, 6}).statistic, 21);
  EXPECT_NEAR(signed_rank({2, 2, 2, 2, 2, 2}).p, 2.0 / 64, 1e-12) << "ties are taken as they are";
}

TEST(SignedRank, DifferencesOfZeroSayNothing) {
  EXPECT_EQ(signed_rank({}).p, 1);
  EXPECT_EQ(signed_rank({0, 0, 0}).p, 1);
  EXPECT_NEAR(signed_rank({0, 1, 2, 3, 0, 4, 5, 6}).p, 2.0 / 64, 1e-12);
}

TEST(SignedRank, TheDistributionIsWhole) {
  for (const std::size_t n : {std::size_t{1}, std::size_t{6}, kMaxExactRanks}) {
    const std::vector<double> p = signed_rank_distribution(n);
    EXPECT_EQ(p.size(), n * (n + 1) / 2 + 1);
    EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1, 1e-12);
    EXPECT_DOUBLE_EQ(p.front(), std::ldexp(1.0, -static_cast<int>(n)));
    EXPECT_DOUBLE_EQ(p.back(), p.front());
  }
}

TEST(BenjaminiHochberg, AdjustsByRankAndNeverFalls) {
  const std::vector<double> q = benjamini_hochberg({0.04, 0.01, 0.03, 0.5});
  EXPECT_NEAR(q[0], 0.04 * 4 / 3, 1e-12);
  EXPECT_NEAR(q[1], 0.04, 1e-12);
  EXPECT_NEAR(q[2], 0.04 * 4 / 3, 1e-12) << "0.03 * 4 / 2 is more than what the next rank gives";
  EXPECT_NEAR(q[3], 0.5, 1e-12);
  EXPECT_TRUE(benjamini_hochberg({}).empty());
  EXPECT_EQ(benjamini_hochberg({0.02}), std::vector<double>{0.02});
}

}  // namespace
}  // namespace pktbench
