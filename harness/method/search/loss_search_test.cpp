#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "harness/method/search/loss_search_test_util.hpp"

namespace pktbench::method {
namespace {

double within_width(const GoalFinding& f) { return (*f.upper_pps - *f.lower_pps) / *f.upper_pps; }

TEST(LossSearch, FindsBothGoalsOfADeviceThatNeverVaries) {
  for (const double capacity : {1e6, 12'345.0, 2.9e6}) {
    const Searched s = search(rules_for(), with_capacity([=] { return capacity; }));
    ASSERT_EQ(s.ndr.reason, "") << capacity;
    ASSERT_EQ(s.pdr.reason, "") << capacity;
    EXPECT_LE(*s.ndr.lower_pps, capacity);
    EXPECT_GT(*s.ndr.upper_pps, capacity);
    EXPECT_LE(*s.pdr.lower_pps, capacity / 0.995);
    EXPECT_GT(*s.pdr.upper_pps, capacity / 0.995);
    EXPECT_LE(within_width(s.ndr), kNdr.width * 1.0001);
    EXPECT_LE(within_width(s.pdr), kPdr.width * 1.0001);
    EXPECT_LE(s.trials.size(), 26u) << capacity;
    EXPECT_LE(s.seconds, 39) << capacity;
  }
}

TEST(LossSearch, AGuessThatFailsIsReplaced) {
  // Under overload it forwards a third of what it can.
  const Device collapses = [](double load) {
    const double forwarded = load <= 1e6 ? load : 0.33e6;
    return LoadTrial{load, 0, 0, 1 - forwarded / load, 0};
  };
  const Searched s = search(rules_for(), collapses);
  ASSERT_EQ(s.ndr.reason, "");
  EXPECT_LE(*s.ndr.lower_pps, 1e6);
  EXPECT_GT(*s.ndr.upper_pps, 1e6);
  EXPECT_LE(within_width(s.ndr), kNdr.width * 1.0001);
}

TEST(LossSearch, ADeviceThatAlwaysLosesHasNoNdrAndAPdr) {
  const Searched s = search(rules_for(), [](double load) {
    return LoadTrial{load, 0, 0, std::max(1e-4, 1 - 1e6 / load), 0};
  });
  EXPECT_EQ(s.ndr.reason, "the least load is too much");
  EXPECT_FALSE(s.ndr.lower_pps);
  ASSERT_EQ(s.pdr.reason, "");
  EXPECT_NEAR(*s.pdr.lower_pps, 1e6, 0.01e6);
}

TEST(LossSearch, WhatIsFasterThanTheLinkIsIrregular) {
  const Searched s = search(rules_for(), with_capacity([] { return 1e9; }));
  for (const GoalFinding& f : {s.ndr, s.pdr}) {
    EXPECT_EQ(f.reason, "the greatest load is not too much");
    EXPECT_DOUBLE_EQ(*f.lower_pps, 3e6);
    EXPECT_FALSE(f.upper_pps);
  }
}

TEST(LossSearch, WhatTheGeneratorCannotOfferIsNoBound) {
  const Searched s = search(rules_for(), [](double load) {
    return LoadTrial{load, 0, 0, 0, std::max(0.0, 1 - 0.8e6 / load)};
  });
  for (const GoalFinding& f : {s.ndr, s.pdr}) {
    EXPECT_EQ(f.reason, "the generator cannot offer more");
    ASSERT_TRUE(f.lower_pps);
    EXPECT_GT(*f.lower_pps, 0.78e6);
    EXPECT_LT(*f.lower_pps, 0.81e6);
    EXPECT_FALSE(f.upper_pps);
  }
  EXPECT_LE(s.trials.size(), 60u);
}

TEST(LossSearch, AGeneratorThatVariesIsFollowedDownInFewSteps) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> uniform(0.6e6, 0.9e6);
  const Searched s = search(rules_for(), [&](double load) {
    return LoadTrial{load, 0, 0, 0, std::max(0.0, 1 - uniform(random) / load)};
  });
  EXPECT_EQ(s.ndr.reason, "the generator cannot offer more");
  EXPECT_GT(*s.ndr.lower_pps, 0.5e6);
  EXPECT_LE(s.trials.size(), 80u);
}

TEST(LossSearch, Rfc2544TakesOneWholeTrialALoad) {
  const SearchRules rules{{{"RFC2544", 0, 0, 60, 60}}, 1000, 3e6, 3600};
  const Searched s = search(rules, with_capacity([] { return 1e6; }));
  const GoalFinding found = LossSearch(rules, s.trials).find(rules.goals[0]);
  EXPECT_EQ(found.reason, "");
  EXPECT_LE(*found.lower_pps, 1e6);
  EXPECT_GT(*found.upper_pps, 1e6);
  EXPECT_LE(s.seconds, 301);
}

TEST(LossSearch, EndsInTimeWhateverTheDeviceDoes) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> uniform(0.5, 1);
  const Searched s =
      search(rules_for(), with_capacity([&] { return 1e6 * uniform(random) * uniform(random); }));
  EXPECT_LE(s.seconds, 610);
}

}  // namespace
}  // namespace pktbench::method
