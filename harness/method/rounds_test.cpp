#include "harness/method/rounds.hpp"

#include <gtest/gtest.h>

namespace pktbench {
namespace {

TrialRecord trial(int round, TrialStatus status, double distance_ns = 90) {
  TrialRecord t;
  t.round = round;
  t.status = status;
  t.conserved = status == TrialStatus::ok;
  t.condition.cpu_distance_ns = distance_ns;
  t.limiter = Limiter::dut;
  return t;
}
TrialRecord ok(int round, double distance_ns = 90) {
  return trial(round, TrialStatus::ok, distance_ns);
}
TrialRecord disturbed(int round, const std::string& by = "cpu", bool conserved = true) {
  TrialRecord t = trial(round, TrialStatus::invalid);
  t.disturbed = true;
  t.disturbed_by = {by};
  t.conserved = conserved;
  t.reason = "disturbed: " + by;
  return t;
}
TrialRecord broken(int round) {
  TrialRecord t = trial(round, TrialStatus::invalid);
  t.reason = "frames are unaccounted for";
  return t;
}

CaseResult case_of(std::vector<TrialRecord> trials) {
  CaseResult c;
  for (std::size_t i = 0; i < trials.size(); ++i) trials[i].index = static_cast<int>(i);
  c.trials = std::move(trials);
  return c;
}
CaseResult concluded(std::vector<TrialRecord> trials) {
  std::vector<CaseResult> cases = {case_of(std::move(trials))};
  conclude(cases);
  return cases[0];
}
std::vector<bool> in_summary(const CaseResult& c) {
  std::vector<bool> made;
  for (const TrialRecord& t : c.trials) made.push_back(t.in_summary.value());
  return made;
}

TEST(RoundDone, NeedsATrialThatWasNotDisturbed) {
  EXPECT_FALSE(round_done({}, 0, 3));
  EXPECT_FALSE(round_done({ok(0)}, 1, 3));
  EXPECT_TRUE(round_done({ok(0)}, 0, 3));
  EXPECT_TRUE(round_done({disturbed(0), broken(0)}, 0, 3));
  EXPECT_FALSE(round_done({disturbed(0)}, 0, 3));
}

TEST(RoundDone, TwoDisturbedAlikeInARowAreEnough) {
  EXPECT_TRUE(round_done({disturbed(0), disturbed(0)}, 0, 3));
  EXPECT_TRUE(round_done({disturbed(0), disturbed(0), disturbed(1)}, 1, 3));
  EXPECT_FALSE(round_done({disturbed(0), disturbed(0), ok(1), disturbed(2)}, 2, 3));
  EXPECT_FALSE(round_done({disturbed(0), disturbed(0)}, 1, 3));  // no trial of its own yet
}

TEST(RoundDone, DisturbedInAnotherWayEachTimeItEndsWithTheRepeats) {
  std::vector<TrialRecord> trials = {disturbed(0, "cpu"), disturbed(0, "link"),
                                     disturbed(0, "cpu")};
  EXPECT_FALSE(round_done(trials, 0, 3));
  trials.push_back(disturbed(0, "link"));
  EXPECT_TRUE(round_done(trials, 0, 3));
  EXPECT_TRUE(round_done({disturbed(0)}, 0, 0));
}

TEST(RoundsShort, CountsTheConditionOfTheWholeRun) {
  // Three of the five trials were near, so that the second case is short of one.
  const std::vector<CaseResult> cases = {case_of({ok(0, 90), ok(1, 92)}),
                                         case_of({ok(0, 400), ok(1, 95)}),
                                         case_of({disturbed(0), ok(1, 410)})};
  EXPECT_EQ(rounds_short(cases, 2), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(rounds_short({case_of({broken(0), ok(1)})}, 2), (std::vector<std::size_t>{0}));
  EXPECT_EQ(rounds_short({case_of({disturbed(0), disturbed(1)})}, 2),
            (std::vector<std::size_t>{0}));
}

TEST(RoundsShort, EachTestbedHasAConditionOfItsOwn) {
  std::vector<CaseResult> cases = {case_of({ok(0, 90), ok(1, 90)}),
                                   case_of({ok(0, 400), ok(1, 400)})};
  cases[1].spec.testbed = 1;
  EXPECT_EQ(rounds_short(cases, 2), (std::vector<std::size_t>{0, 0}));
}

TEST(Conclude, TheSummaryIsOfOneConditionAndTheOthersAreCounted) {
  std::vector<CaseResult> cases = {case_of({ok(0, 90), ok(1, 95), ok(2, 410)}),
                                   case_of({ok(0, 400), ok(1, 94), ok(2, 88)})};
  conclude(cases);
  EXPECT_EQ(in_summary(cases[0]), (std::vector<bool>{true, true, false}));
  EXPECT_EQ(in_summary(cases[1]), (std::vector<bool>{false, true, true}));
  EXPECT_EQ(cases[0].other_condition, 1u);
  EXPECT_DOUBLE_EQ(*cases[0].condition.cpu_distance_ns, 92);
  EXPECT_EQ(cases[0].condition.cpu_distance_ns, cases[1].condition.cpu_distance_ns);
}

TEST(Conclude, ACaseThatWasNeverInTheConditionOfTheRunIsShownInItsOwn) {
  std::vector<CaseResult> cases = {case_of({ok(0, 90), ok(1, 90)}), case_of({ok(0, 400)})};
  conclude(cases);
  EXPECT_EQ(cases[1].status, CaseStatus::ok);
  EXPECT_EQ(in_summary(cases[1]), (std::vector<bool>{true}));
  EXPECT_DOUBLE_EQ(*cases[1].condition.cpu_distance_ns, 400);
}

TEST(Conclude, OneOkRoundAmongDisturbedOnesIsAFigure) {
  const CaseResult c = concluded({disturbed(0), disturbed(0), ok(1), disturbed(2)});
  EXPECT_EQ(c.status, CaseStatus::ok);
  EXPECT_EQ(in_summary(c), (std::vector<bool>{false, false, true, false}));
}

TEST(Conclude, WithoutAnOkTrialTheDisturbedOnesStandForTheCase) {
  const CaseResult c = concluded({disturbed(0), disturbed(0), disturbed(1)});
  EXPECT_EQ(c.status, CaseStatus::disturbed);
  EXPECT_EQ(c.reason, "none of 2 rounds was undisturbed; the last: disturbed: cpu");
  EXPECT_EQ(in_summary(c), (std::vector<bool>{true, true, true}));
  EXPECT_EQ(c.limiter, Limiter::dut);
}

TEST(Conclude, BrokenConservationLeavesNoFigure) {
  EXPECT_EQ(concluded({broken(0), broken(1), ok(2)}).status, CaseStatus::invalid);
  EXPECT_EQ(concluded({broken(0), ok(1), ok(2)}).status, CaseStatus::ok);
  const CaseResult c = concluded({disturbed(0, "link", false), disturbed(0, "link", false)});
  EXPECT_EQ(c.status, CaseStatus::invalid);
  EXPECT_EQ(in_summary(c), (std::vector<bool>{false, false}));
  EXPECT_EQ(concluded({}).status, CaseStatus::interrupted);
  EXPECT_EQ(concluded({trial(0, TrialStatus::failed)}).status, CaseStatus::failed);
}

TEST(Conclude, WhatWasGivenUpStaysWhatItIs) {
  std::vector<CaseResult> cases = {case_of({ok(0)})};
  cases[0].decided = true;
  cases[0].status = CaseStatus::unsupported;
  cases[0].reason = "no such hook";
  conclude(cases);
  EXPECT_EQ(cases[0].status, CaseStatus::unsupported);
  EXPECT_EQ(cases[0].reason, "no such hook");
}

TEST(MajorityLimiter, NeedsMoreThanHalf) {
  const auto limited = [](std::vector<Limiter> by) {
    std::vector<TrialRecord> trials(by.size());
    std::vector<const TrialRecord*> all;
    for (std::size_t i = 0; i < by.size(); ++i) {
      trials[i].limiter = by[i];
      all.push_back(&trials[i]);
    }
    return majority_limiter(all);
  };
  EXPECT_EQ(limited({Limiter::dut, Limiter::dut, Limiter::generator}), Limiter::dut);
  EXPECT_EQ(limited({Limiter::dut, Limiter::generator}), Limiter::unknown);
  EXPECT_EQ(limited({}), Limiter::unknown);
}

}  // namespace
}  // namespace pktbench
