#include "harness/method/search/loss_search.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

namespace pktbench::method {
namespace {

constexpr double kOverheadS = 0.5;
const LossGoal kNdr{"NDR", 0};
const LossGoal kPdr{"PDR", 0.005};

SearchRules rules_for(double max_pps = 3e6) { return {{kNdr, kPdr}, 1000, max_pps, 600}; }

// What is lost of a load, and what of it the generator could not send.
using Device = std::function<LoadTrial(double load)>;

struct Searched {
  std::vector<LoadTrial> trials;
  double seconds = 0;
  GoalFinding ndr;
  GoalFinding pdr;
};

Searched search(const SearchRules& rules, const Device& device) {
  Searched s;
  while (s.trials.size() < 1000) {
    const auto next = LossSearch(rules, s.trials).next();
    if (!next) break;
    LoadTrial trial = device(next->load.value_or(1e9));
    trial.duration_s = next->duration_s;
    trial.effective_s = next->duration_s + kOverheadS;
    s.seconds += trial.effective_s;
    s.trials.push_back(trial);
  }
  const LossSearch done(rules, s.trials);
  s.ndr = done.find(kNdr);
  s.pdr = done.find(kPdr);
  return s;
}

Device with_capacity(const std::function<double()>& draw) {
  return [draw](double load) { return LoadTrial{load, 0, 0, std::max(0.0, 1 - draw() / load), 0}; };
}

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

struct Share {
  double trials = 0;
  double seconds = 0;
  double ndr_near = 0;  // within 0.5% of the truth
  double pdr_near = 0;
  double above = 0;  // the truth by more than the width, of either
};

Share many(double noise, int searches) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  Share share;
  for (int i = 0; i < searches; ++i) {
    const Searched s =
        search(rules_for(), with_capacity([&] { return 1e6 * (1 + noise * normal(random)); }));
    share.trials += static_cast<double>(s.trials.size()) / searches;
    share.seconds += s.seconds / searches;
    const double ndr = s.ndr.conditional_pps.value_or(0) / 1e6 - 1;
    const double pdr = s.pdr.conditional_pps.value_or(0) / 1e6 - 1;
    share.ndr_near += (std::abs(ndr) <= 0.005) / static_cast<double>(searches);
    share.pdr_near += (std::abs(pdr) <= 0.005) / static_cast<double>(searches);
    share.above += (ndr > 0.005 || pdr > 0.005) / static_cast<double>(searches);
  }
  std::printf(
      "noise %.1f%%: %.1f trials, %.1f s; NDR within 0.5%%: %.1f%%, PDR: %.1f%%, above: "
      "%.2f%% of %d searches\n",
      noise * 100, share.trials, share.seconds, share.ndr_near * 100, share.pdr_near * 100,
      share.above * 100, searches);
  return share;
}

// The standard library of FD.io CSIT needs 26, 41 and 46 trials, 39, 61 and 68 s for these.
TEST(LossSearch, NeedsFewTrialsAndIsRightWhereTheDeviceVaries) {
  const Share still = many(0, 1);
  EXPECT_LE(still.trials, 26);
  EXPECT_LE(still.seconds, 39);
  const Share half = many(0.005, 1000);
  EXPECT_LE(half.trials, 30);
  EXPECT_LE(half.seconds, 50);
  EXPECT_GE(half.ndr_near, 0.95);
  EXPECT_GE(half.pdr_near, 0.95);
  EXPECT_LT(half.above, 0.01);
  EXPECT_LE(many(0.02, 1000).trials, 35);
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
