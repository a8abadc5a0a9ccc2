#include "harness/measure/paired_ratio.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace pktbench {
namespace {

std::vector<double> scaled(std::vector<double> values, double by) {
  for (double& v : values) v *= by;
  return values;
}

const std::vector<double> kSteady = {10.00, 10.02, 9.98, 10.01, 9.99, 10.03, 9.97, 10.00};

TEST(PairedRatio, OfOneFactorIsThatFactor) {
  const auto made = paired_ratio(kSteady, scaled(kSteady, 0.95));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->pairs, 8u);
  EXPECT_NEAR(made->ratio, 0.95, 1e-12);
  EXPECT_NEAR(made->lo, 0.95, 1e-12);
  EXPECT_NEAR(made->hi, 0.95, 1e-12);
  EXPECT_NEAR(made->median_ratio, 0.95, 1e-12);
  EXPECT_NEAR(made->p, 2.0 / 256, 1e-12);
  EXPECT_EQ(made->mann_whitney.statistic, 0) << "U of next, which is always smaller";
}

TEST(PairedRatio, KeepsOutWhatIsCommonToARound) {
  std::vector<double> base;
  for (int round = 0; round < 10; ++round) base.push_back(10.0 + round);  // doubles on the way
  const auto made = paired_ratio(base, scaled(base, 0.99));
  EXPECT_NEAR(made->lo, 0.99, 1e-12);
  EXPECT_NEAR(made->hi, 0.99, 1e-12);
  EXPECT_GT(made->mann_whitney.p, 0.5) << "without the rounds the drift hides it";
}

TEST(PairedRatio, WhatIsTooFarApartIsNotCompared) {
  for (const double by : {1e20, 1e-20}) {
    std::vector<double> next = kSteady;
    next[3] *= by;
    const auto made = paired_ratio(kSteady, next);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().message, "the two values of a pair are more than a billion times apart");
  }
  std::vector<double> far = scaled(kSteady, 1e8);
  far[0] /= 1e16;
  const auto made = paired_ratio(kSteady, far);
  ASSERT_TRUE(made);
  EXPECT_TRUE(std::isfinite(smallest_change(*made, {})));
}

TEST(PairedRatio, SaysWhyThereIsNone) {
  const auto few = paired_ratio({1, 2, 3, 4, 5}, {1, 2, 3, 4, 5});
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error().code, ErrorCode::unsupported);
  EXPECT_EQ(few.error().message, "a comparison needs 8 pairs, there are 5");
  EXPECT_EQ(paired_ratio({1}, {1}).error().message, "a comparison needs 8 pairs, there is 1");
  const auto zero = paired_ratio({1, 2, 3, 4, 5, 6, 7, 8}, {1, 2, 0, 4, 5, 6, 7, 8});
  ASSERT_FALSE(zero);
  EXPECT_EQ(zero.error().message, "a value of 0 has no ratio to another");
  const std::vector<double> many(kMaxPairs + 1, 1);
  EXPECT_FALSE(paired_ratio(many, many));
}

TEST(PairedRatio, TheIntervalSaysWhatItCovers) {
  const auto confidence = [](std::size_t n) {
    const std::vector<double> values(n, 1.0);
    return paired_ratio(values, values)->confidence;
  };
  EXPECT_NEAR(confidence(8), 1 - 2.0 * 5 / 256, 1e-12);  // T = 0 to 3: one subset each, and 1 + 2
  for (std::size_t n = 8; n <= 50; ++n) {
    EXPECT_GE(confidence(n), 0.95) << n;
    EXPECT_LT(confidence(n), 0.963) << n;
  }
  EXPECT_EQ(confidence(51), 0.95);
}

// Hodges-Lehmann of n normal values has an interval 1.96 * sqrt(pi / 3) / sqrt(n) wide on either
// side.
TEST(PairedRatio, ManyPairsAgreeWithTheNormalApproximation) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> trial(1, 0.01);
  for (const std::size_t pairs : {kMaxPairs - 1, kMaxPairs}) {
    const std::vector<double> base(pairs, 1);
    std::vector<double> next(pairs);
    for (double& v : next) v = trial(random);
    const auto made = paired_ratio(base, next);
    const double half = 1.96 * 0.01 / std::sqrt(static_cast<double>(pairs));
    EXPECT_NEAR((made->hi - made->lo) / 2, half * std::sqrt(std::acos(-1.0) / 3), half / 10);
  }
}

struct Shares {
  double covered = 0;
  double regression = 0;
  double improvement = 0;
};

// Over many comparisons of `pairs` rounds with relative noise `noise` a trial.
Shares simulate(std::size_t pairs, double noise, double change, int comparisons) {
  std::mt19937_64 random(20'261'121 + pairs);
  std::normal_distribution<double> trial(1, noise);
  Shares made;
  for (int c = 0; c < comparisons; ++c) {
    std::vector<double> base(pairs);
    std::vector<double> next(pairs);
    for (double& v : base) v = trial(random);
    for (double& v : next) v = (1 + change) * trial(random);
    const auto found = paired_ratio(base, next);
    made.covered += found->lo <= 1 + change && 1 + change <= found->hi;
    const Verdict verdict = judge(*found, found->p, Better::higher).verdict;
    made.regression += verdict == Verdict::regression;
    made.improvement += verdict == Verdict::improvement;
  }
  for (double* share : {&made.covered, &made.regression, &made.improvement}) *share /= comparisons;
  return made;
}

TEST(PairedRatio, CoversTheTruthAsOftenAsItSays) {
  for (const std::size_t pairs : {8u, 9u, 10u, 20u}) {
    const double said =
        paired_ratio(std::vector<double>(pairs, 1), std::vector<double>(pairs, 1))->confidence;
    const Shares got = simulate(pairs, 0.02, -0.03, 4000);
    EXPECT_NEAR(got.covered, said, 4 * std::sqrt(said * (1 - said) / 4000)) << pairs;
  }
}

TEST(PairedRatio, SeesAThreePercentDropInTwentyPairsAndNothingInAnAA) {
  const Shares drop = simulate(20, 0.02, -0.03, 2000);
  EXPECT_GE(drop.regression, 0.95);
  EXPECT_EQ(drop.improvement, 0);
  const Shares same = simulate(20, 0.02, 0, 2000);
  EXPECT_LE(same.regression + same.improvement, 0.01);
}

TEST(PairedRatio, FourOfFiveSeeTheSmallestChangeItNames) {
  // The named change differs from sample to sample; its mean is what the simulation uses.
  const std::size_t pairs = 20;
  std::mt19937_64 random(7);
  std::normal_distribution<double> trial(1, 0.02);
  double named = 0;
  for (int c = 0; c < 500; ++c) {
    std::vector<double> base(pairs);
    std::vector<double> next(pairs);
    for (double& v : base) v = trial(random);
    for (double& v : next) v = trial(random);
    named += smallest_change(*paired_ratio(base, next), {}) / 500;
  }
  EXPECT_NEAR(named, 0.024, 0.003);
  EXPECT_NEAR(simulate(pairs, 0.02, -named, 2000).regression, 0.8, 0.06);
}

PairedRatio found(double lo, double hi) {
  PairedRatio made;
  made.pairs = 10;
  made.lo = lo;
  made.hi = hi;
  made.ratio = std::sqrt(lo * hi);
  made.confidence = 0.95;
  return made;
}

TEST(Judge, DirectionDependsOnTheMeasure) {
  EXPECT_EQ(judge(found(0.96, 0.98), 0.001, Better::higher).verdict, Verdict::regression);
  EXPECT_EQ(judge(found(0.96, 0.98), 0.001, Better::lower).verdict, Verdict::improvement);
  EXPECT_EQ(judge(found(1.02, 1.04), 0.001, Better::higher).verdict, Verdict::improvement);
  EXPECT_EQ(judge(found(1.02, 1.04), 0.001, Better::lower).verdict, Verdict::regression);
  EXPECT_EQ(judge(found(0.96, 0.98), 0.001, Better::higher).reason,
            "the whole interval lies more than 0.4% below the base, p = 0.001");
}

TEST(Judge, TheWholeIntervalMustLieBeyondTheMinimumEffect) {
  EXPECT_EQ(judge(found(0.960, 0.9961), 0.001, Better::higher).verdict, Verdict::no_change);
  EXPECT_EQ(judge(found(0.960, 0.9959), 0.001, Better::higher).verdict, Verdict::regression);
  CompareRules strict;
  strict.min_effect = 0.03;
  EXPECT_EQ(judge(found(0.96, 0.98), 0.001, Better::higher, strict).verdict, Verdict::no_change);
}

TEST(Judge, IsInconclusiveWherePContradictsTheInterval) {
  const Judgement made = judge(found(0.96, 0.98), 0.2, Better::higher);
  EXPECT_EQ(made.verdict, Verdict::inconclusive);
  EXPECT_EQ(made.reason,
            "the interval shows a change, but p = 0.2 after adjustment for all comparisons is too "
            "large: make more trials");
}

TEST(Judge, IsInconclusiveWhereItCouldNotHaveSeenAChange) {
  EXPECT_EQ(judge(found(0.97, 1.03), 0.5, Better::higher).verdict, Verdict::no_change);
  const Judgement blind = judge(found(0.90, 1.11), 0.5, Better::higher);
  EXPECT_EQ(blind.verdict, Verdict::inconclusive);
  EXPECT_EQ(blind.reason,
            "changes below 22% would not be seen, and 10% must be: make more or steadier trials");
}

TEST(Judge, ALargeChangeInGreatNoiseIsStillOne) {
  EXPECT_EQ(judge(found(0.3, 0.5), 0.002, Better::higher).verdict, Verdict::regression);
}

TEST(Judge, OfRounds) {
  const auto verdict = [](const std::vector<double>& next) {
    const auto found = paired_ratio(kSteady, next);
    EXPECT_TRUE(found);
    return judge(*found, found->p, Better::higher).verdict;
  };
  EXPECT_EQ(paired_ratio({1, 2}, {1, 2}).error().message,
            "a comparison needs 8 pairs, there are 2");
  EXPECT_EQ(verdict(scaled(kSteady, 0.95)), Verdict::regression);
  EXPECT_EQ(verdict(kSteady), Verdict::no_change);
}

}  // namespace
}  // namespace pktbench
