#include "harness/compare/judge.hpp"

#include <gtest/gtest.h>

#include <tuple>

#include "harness/compare/compare_test_util.hpp"

namespace pktbench {
namespace {

using test::compare;
using test::kRounds;
using test::make_case;
using test::make_run;
using test::make_trial;
using test::mentions;

TEST(Judge, ARateThatFellIsARegression) {
  const Comparison made = compare(make_case("c", 5, 300), make_case("c", 4.75, 300));
  EXPECT_EQ(made.verdict, Verdict::regression);
  ASSERT_EQ(made.cases.size(), 1u);
  const MeasureComparison& rate = made.cases[0].measures[0];
  EXPECT_EQ(rate.verdict, Verdict::regression);
  EXPECT_NEAR(rate.found->ratio, 0.95, 0.001);
  EXPECT_EQ(rate.found->pairs, 12u);
  EXPECT_EQ(made.cases[0].measures[1].verdict, Verdict::no_change);
}

TEST(Judge, CyclesThatRoseAreARegression) {
  const Comparison made = compare(make_case("c", 5, 300), make_case("c", 5, 309));
  EXPECT_EQ(made.verdict, Verdict::regression);
  EXPECT_EQ(made.cases[0].measures[0].verdict, Verdict::no_change);
  EXPECT_EQ(made.cases[0].measures[1].verdict, Verdict::regression);
}

TEST(Judge, BetterFiguresAreAnImprovementAndEqualOnesNoChange) {
  EXPECT_EQ(compare(make_case("c", 5, 300), make_case("c", 5.2, 290)).verdict,
            Verdict::improvement);
  EXPECT_EQ(compare(make_case("c", 5, 300), make_case("c", 5, 300)).verdict, Verdict::no_change);
}

TEST(Judge, PIsAdjustedOverTheWholeSuite) {
  std::vector<RecordedCase> base;
  std::vector<RecordedCase> next;
  for (int i = 0; i < 20; ++i) {
    base.push_back(make_case("c" + std::to_string(i), 5, 300, 9));
    next.push_back(make_case("c" + std::to_string(i), i == 0 ? 4.5 : 5, 300, 9));
  }
  const Comparison alone = compare(base[0], next[0]);
  EXPECT_EQ(alone.verdict, Verdict::regression);
  const Comparison many = compare(make_run("a", base), make_run("b", next));
  const MeasureComparison& rate = many.cases[0].measures[0];
  ASSERT_TRUE(rate.between);
  EXPECT_NEAR(rate.p_adjusted / rate.between->p, 40, 1e-6);  // 20 cases, 2 measures
}

TEST(Judge, TooFewPairsAreInconclusive) {
  const Comparison made = compare(make_case("c", 5, 300, 5), make_case("c", 4, 300, 5));
  EXPECT_EQ(made.verdict, Verdict::inconclusive);
  EXPECT_EQ(made.reason, "no case could be compared");
  EXPECT_EQ(made.cases[0].measures[0].reason,
            "a comparison needs 8 pairs, there are 5: make more trials (--trials 10)");
}

TEST(Judge, MoreTrialsAreNoRemedyForAValueOf0) {
  const Comparison made = compare(make_case("c", 5, 0, 20), make_case("c", 5, 300, 20));
  EXPECT_EQ(made.cases[0].measures[1].reason, "a value of 0 has no ratio to another");
}

TEST(Judge, TrialsOfASearchAreNoSampleOfOneRate) {
  RecordedCase base = make_case("c", 5, 300);
  RecordedCase next = make_case("c", 4, 300);
  base.metrics = next.metrics = {{"NDR", "pps"}, {"PDR", "pps"}};
  const Comparison made = compare(base, next);
  EXPECT_EQ(made.verdict, Verdict::inconclusive);
  EXPECT_NE(made.cases[0].reason.find("load of its own"), std::string::npos);
  EXPECT_NE(made.cases[0].reason.find("found of it is NDR, PDR,"), std::string::npos);
  base.metrics = next.metrics = {{"cycles_per_packet", "cycles"}, {"mpps", "Mpps"}};
  EXPECT_EQ(compare(base, next).verdict, Verdict::regression);
  base.metrics = next.metrics = {};  // of an older run
  EXPECT_EQ(compare(base, next).verdict, Verdict::regression);
}

TEST(Judge, WhatMustNotBeComparedIsRefused) {
  for (const char* key :
       {"testbed", "arrangement", "generator", "generator_batch", "generator_options", "frame_size",
        "flows", "rate_pps", "virtual", "napi_policy", "dut_idle"}) {
    RecordedCase next = make_case("c", 4, 300);
    next.comparable[key] = "other";
    const Comparison made = compare(make_case("c", 5, 300), next);
    EXPECT_EQ(made.verdict, Verdict::inconclusive) << key;
    EXPECT_TRUE(made.cases[0].measures.empty());
    EXPECT_EQ(made.cases[0].reason.find(std::string(key) + " differs: "), 0u);
    EXPECT_NE(made.cases[0].reason.find("other in NEW: not to be compared"), std::string::npos);
  }
}

TEST(Judge, OnlyTrialsOfEqualConditionMakeAPair) {
  RecordedCase base = make_case("c", 5, 300);
  RecordedCase next = make_case("c", 5, 300);
  for (RecordedTrial& trial : base.trials) trial.condition.cpu_distance_ns = 90;
  for (RecordedTrial& trial : next.trials) trial.condition.cpu_distance_ns = 100;
  EXPECT_TRUE(compare(base, next).cases[0].warnings.empty());
  EXPECT_EQ(compare(base, next).cases[0].measures[1].found->pairs, base.trials.size());
  // A third of NEW was far apart and dearer, which is no change of the path.
  for (std::size_t i = 0; i < next.trials.size(); i += 3) {
    next.trials[i].condition.cpu_distance_ns = 420;
    next.trials[i].cycles_per_packet = *next.trials[i].cycles_per_packet * 1.25;
  }
  const std::size_t far = (kRounds + 2) / 3;
  const Comparison made = compare(base, next);
  EXPECT_EQ(made.verdict, Verdict::no_change);
  EXPECT_EQ(made.cases[0].measures[1].found->pairs, kRounds - far);
  EXPECT_EQ(made.cases[0].unpaired_rounds, 2 * far);
  ASSERT_EQ(made.cases[0].warnings.size(), 1u);
  EXPECT_EQ(made.cases[0].warnings[0],
            std::to_string(kRounds - far) + " pairs of equal condition of " +
                std::to_string(kRounds) + " at most: " + std::to_string(kRounds) +
                " × (CPUs near: 90 ns) in BASE, " + std::to_string(kRounds - far) +
                " × (CPUs near: 90 ns), and " + std::to_string(far) +
                " × (CPUs far apart: 420 ns) in NEW");
}

TEST(Judge, WithoutOneConditionInCommonItIsInconclusive) {
  RecordedCase base = make_case("c", 5, 300);
  RecordedCase next = make_case("c", 5, 300);
  for (RecordedTrial& trial : base.trials) trial.condition.cpu_distance_ns = 90;
  for (RecordedTrial& trial : next.trials) trial.condition.cpu_distance_ns = 420;
  const Comparison made = compare(base, next);
  EXPECT_EQ(made.verdict, Verdict::inconclusive);
  for (const MeasureComparison& m : made.cases[0].measures)
    EXPECT_EQ(m.reason, "no two of the trials have the same condition");
}

TEST(Judge, CyclesOfAnotherSourceAreRefusedAndTheRateIsNot) {
  RecordedCase next = make_case("c", 5, 300);
  for (RecordedTrial& trial : next.trials) trial.cycles_source = "pmu";
  const Comparison made = compare(make_case("c", 5, 300), next);
  EXPECT_EQ(made.cases[0].measures[0].verdict, Verdict::no_change);
  EXPECT_FALSE(made.cases[0].measures[1].judged);
  EXPECT_EQ(made.cases[0].measures[1].reason,
            "the source of cycles differs: tsc in BASE, pmu in NEW");
  EXPECT_EQ(made.verdict, Verdict::inconclusive);
  EXPECT_EQ(made.reason, "1 of 1 cases are inconclusive");
}

TEST(Judge, CyclesThatNobodyMeasuredAreNoGap) {
  RecordedCase base = make_case("c", 5, 300);
  RecordedCase next = make_case("c", 5, 300);
  for (RecordedTrial& trial : base.trials) trial.cycles_per_packet.reset();
  EXPECT_EQ(compare(base, next).verdict, Verdict::inconclusive);
  for (RecordedTrial& trial : next.trials) trial.cycles_per_packet.reset();
  EXPECT_EQ(compare(base, next).verdict, Verdict::no_change);
}

TEST(Judge, OfTwoLowerBoundsOnlyTheCostIsCompared) {
  RecordedCase base = make_case("c", 5, 300);
  RecordedCase next = make_case("c", 4, 300);
  base.limiter = next.limiter = Limiter::generator;
  const Comparison made = compare(base, next);
  EXPECT_FALSE(made.cases[0].measures[0].judged);
  EXPECT_EQ(made.cases[0].measures[0].reason,
            "both rates are lower bounds: the generator limited BASE, the generator NEW");
  EXPECT_EQ(made.verdict, Verdict::no_change);
}

TEST(Judge, CyclesAreNotJudgedWhereTheOfferedRatesDiffer) {
  const auto with = [](double cycles, std::optional<double> offered_pps) {
    RecordedCase next = make_case("c", 5, cycles);
    for (RecordedTrial& trial : next.trials) trial.offered_pps = offered_pps;
    // A round that only one side has does not count.
    next.trials.push_back(make_trial(kRounds, TrialStatus::ok, 5, cycles, 1e9));
    return compare(make_case("c", 5, 300), next);
  };
  for (const double cycles : {72.0, 300.0, 1269.0})
    for (const double offered : {3e6, 7.5e6, 8.5e6}) {
      const Comparison made = with(cycles, offered);
      const MeasureComparison& cost = made.cases[0].measures[1];
      EXPECT_EQ(cost.verdict, Verdict::inconclusive);
      EXPECT_TRUE(cost.found);
      EXPECT_EQ(cost.reason.find("the offered rates differ by "), 0u) << cost.reason;
      EXPECT_EQ(made.cases[0].measures[0].verdict, Verdict::no_change);
      EXPECT_EQ(made.verdict, Verdict::inconclusive);
    }
  EXPECT_EQ(with(309, 7.7e6).verdict, Verdict::regression);
  EXPECT_EQ(with(290, 8.3e6).verdict, Verdict::improvement);
  // Where it was not recorded, what was received stands for it: 5 of 8 Mpps here.
  EXPECT_EQ(with(309, {}).verdict, Verdict::inconclusive);
}

TEST(Judge, ARateIsJudgedWhateverWasOffered) {
  RecordedCase next = make_case("c", 4.5, 200);
  for (RecordedTrial& trial : next.trials) trial.offered_pps = 4e6;
  const Comparison made = compare(make_case("c", 5, 300), next);
  EXPECT_EQ(made.cases[0].measures[0].verdict, Verdict::regression);
  EXPECT_EQ(made.verdict, Verdict::regression);
}

TEST(Judge, OfOneLowerBoundOnlyWhatHoldsAllTheMoreIsSaid) {
  const auto verdict = [](Limiter base_limiter, double new_rate, Limiter new_limiter) {
    RecordedCase base = make_case("c", 5, 300);
    RecordedCase next = make_case("c", new_rate, 300);
    base.limiter = base_limiter;
    next.limiter = new_limiter;
    return compare(base, next).cases[0].measures[0].verdict;
  };
  EXPECT_EQ(verdict(Limiter::generator, 4, Limiter::dut), Verdict::regression);
  EXPECT_EQ(verdict(Limiter::generator, 6, Limiter::dut), Verdict::inconclusive);
  EXPECT_EQ(verdict(Limiter::generator, 5, Limiter::dut), Verdict::inconclusive);
  EXPECT_EQ(verdict(Limiter::dut, 6, Limiter::link), Verdict::improvement);
  EXPECT_EQ(verdict(Limiter::dut, 4, Limiter::link), Verdict::inconclusive);
}

TEST(Judge, TrialsThatAreNotOkAreLeftOutAndCounted) {
  RecordedCase base = make_case("c", 5, 300);
  RecordedCase next = make_case("c", 5, 300);
  base.trials[3].status = TrialStatus::invalid;
  base.trials[3].mpps = 1;
  next.trials[5].status = TrialStatus::failed;
  next.trials.push_back(make_trial(12, TrialStatus::failed, {}, {}));
  const Comparison made = compare(base, next);
  EXPECT_EQ(made.cases[0].excluded_base, 1u);
  EXPECT_EQ(made.cases[0].excluded_new, 2u);
  EXPECT_EQ(made.cases[0].unpaired_rounds, 2u);
  EXPECT_EQ(made.cases[0].measures[0].found->pairs, 10u);
  EXPECT_EQ(made.cases[0].measures[0].base.n, 10u);
}

TEST(Judge, ADisturbedTrialGivesWayToTheOneMadeAgain) {
  RecordedCase base = make_case("c", 5, 300);
  base.trials.insert(base.trials.begin(), make_trial(0, TrialStatus::invalid, 1.0, 900.0));
  const Comparison made = compare(base, make_case("c", 5, 300));
  EXPECT_EQ(made.cases[0].measures[0].found->pairs, 12u);
  EXPECT_EQ(made.verdict, Verdict::no_change);
}

TEST(Judge, TheNoiseFloorComparesBaseWithItself) {
  const Comparison enough = compare(make_case("c", 5, 300, 16), make_case("c", 5, 300, 16));
  const NoiseFloor& floor = enough.cases[0].measures[0].noise_floor;
  ASSERT_TRUE(floor.found);
  EXPECT_EQ(floor.found->pairs, 8u);
  EXPECT_NEAR(floor.found->ratio, 1, 0.002);
  const Comparison few = compare(make_case("c", 5, 300, 11), make_case("c", 5, 300, 11));
  EXPECT_EQ(few.cases[0].measures[0].noise_floor.reason,
            "of consecutive rounds of BASE: a comparison needs 8 pairs, there are 5");

  RecordedCase seesaw = make_case("c", 5, 300, 16);
  for (RecordedTrial& trial : seesaw.trials)
    if (trial.round % 2) *trial.mpps *= 1.1;
  const Comparison warned = compare(seesaw, seesaw);
  EXPECT_TRUE(mentions(warned.cases[0].measures[0].warnings, "BASE differs from itself"));
}

TEST(Judge, ATwinInBaseIsTheNoiseFloor) {
  const auto a1 = make_case("a1", 5, 300);
  RecordedCase a2 = make_case("a2", 5.05, 300);
  RecordedCase next = make_case("b", 5, 300);
  next.subject["backend"] = "next";
  const auto against_next = [&] {
    const RecordedRun run = make_run("a", {a1, a2, next});
    return compare_runs(run, run, {"a1", "b", {}})->cases[0].measures[0];
  };
  const MeasureComparison rate = against_next();
  EXPECT_EQ(rate.noise_floor.against, "a2");
  ASSERT_TRUE(rate.noise_floor.found);
  EXPECT_EQ(rate.noise_floor.found->pairs, 12u);
  EXPECT_NEAR(rate.noise_floor.found->ratio, 1.01, 0.001);
  EXPECT_TRUE(mentions(rate.warnings, "BASE differs from its twin a2, which does the same"));
  a2.subject["backend"] = "other";
  EXPECT_EQ(against_next().noise_floor.against, "");
}

TEST(Judge, CyclesThatWereSwitchedOffAreNoGap) {
  RecordedCase blind = make_case("c", 5, 300);
  blind.subject["telemetry"] = "none";
  for (RecordedTrial& trial : blind.trials) trial.cycles_per_packet.reset();
  const Comparison made = compare(blind, make_case("c", 5, 300));
  EXPECT_EQ(made.verdict, Verdict::no_change);
  EXPECT_EQ(made.cases[0].measures[1].reason, "no ok trial of BASE has a value");
}

RecordedCase on_port(const std::string& driver, const std::string& rings) {
  RecordedCase made = make_case("c", 5, 300);
  made.comparable["dut_port.driver"] = driver;
  made.comparable["dut_port.rings"] = rings;
  return made;
}

TEST(Judge, AnotherNicIsASubjectThatTheVerdictSays) {
  const Comparison made = compare(on_port("ixgbe", "rx=512"), on_port("r8169", "rx=256"));
  EXPECT_EQ(made.verdict, Verdict::no_change);
  const std::string subject = "dut_port.driver differs: ixgbe in BASE, r8169 in NEW";
  EXPECT_EQ(made.cases[0].subjects, std::vector<std::string>{subject});
  EXPECT_EQ(made.cases[0].warnings,
            std::vector<std::string>{"dut_port.rings differs: rx=512 in BASE, rx=256 in NEW"});
  EXPECT_TRUE(comparison_text(made, {}).ends_with("\nno change, where " + subject +
                                                  " (cases: 1 no change)\n"));
  EXPECT_TRUE(compare(on_port("ixgbe", ""), on_port("ixgbe", "")).cases[0].subjects.empty());
}

TEST(Judge, OtherPortsAreSaidOfTwoCasesThatTheUserNames) {
  RecordedCase other = on_port("r8169", "rx=256");
  other.id = "d";
  other.comparable.erase("dut_port.rings");
  const RecordedRun run = make_run("a", {on_port("ixgbe", "rx=512"), other});
  const auto made = compare_runs(run, run, {"c", "d", {}});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->cases[0].subjects.size(), 1u);
  EXPECT_TRUE(mentions(made->cases[0].warnings,
                       "dut_port.rings differs: rx=512 in BASE, not known in NEW"));
}

TEST(Judge, CyclesOfALoopThatSpinsAreNotJudgedBelowItsCapacity) {
  const auto spinning = [](double cycles, bool no_idle) {
    RecordedCase made = make_case("c", 5, cycles);
    for (RecordedTrial& trial : made.trials) {
      trial.limiter = Limiter::unknown;
      trial.spins = no_idle;
    }
    made.trials[0].spins = !no_idle;
    return made;
  };
  for (const auto& [base, next, who] :
       {std::tuple(true, true, "BASE and NEW spin"), std::tuple(true, false, "BASE spins"),
        std::tuple(false, true, "NEW spins")}) {
    const Comparison made = compare(spinning(300, base), spinning(330, next));
    const MeasureComparison& cycles = made.cases[0].measures[1];
    EXPECT_FALSE(cycles.judged);
    EXPECT_EQ(cycles.reason, std::string(who) +
                                 ": without idle time below what the DUT can do, cycles per packet "
                                 "are the clock by the rate and no cost");
    EXPECT_EQ(made.verdict, Verdict::no_change) << "which is that of the rate";
    EXPECT_NE(comparison_text(made, {}).find(
                  "c → d  cycles/packet  not judged: " + std::string(who) + ": "),
              std::string::npos);
  }
  EXPECT_EQ(compare(spinning(300, false), spinning(330, false)).verdict, Verdict::regression);
}

// Of a whole CPU both take 9,000 cycles a packet.
RecordedCase with_busy(double busy, bool tells_polls) {
  RecordedCase made = make_case("c", 5, 9000);
  const auto costs = test::figures(busy);
  for (std::size_t i = 0; i < made.trials.size(); ++i) {
    made.trials[i].limiter = Limiter::unknown;
    made.trials[i].spins = tells_polls;
    made.trials[i].busy_cycles_per_packet = costs[i];
    made.trials[i].tells_polls = tells_polls;
  }
  return made;
}

TEST(Judge, ALoopThatSpinsIsJudgedByItsBusyCycles) {
  for (const bool base_spins : {true, false}) {
    const Comparison made = compare(with_busy(300, base_spins), with_busy(330, true));
    ASSERT_EQ(made.cases[0].measures.size(), 3u);
    const MeasureComparison& whole = made.cases[0].measures[1];
    EXPECT_FALSE(whole.judged);
    EXPECT_FALSE(whole.expected);
    EXPECT_EQ(whole.reason,
              "a loop that spins is judged by its busy cycles: these are its whole CPU's");
    EXPECT_EQ(made.cases[0].measures[2].name, "busy_cycles_per_packet");
    EXPECT_EQ(made.cases[0].measures[2].verdict, Verdict::regression);
    EXPECT_NE(comparison_text(made, {}).find("c → d  busy cycles/packet"), std::string::npos);
  }
  EXPECT_EQ(compare(with_busy(330, true), with_busy(300, true)).cases[0].measures[2].verdict,
            Verdict::improvement);
}

TEST(Judge, BusyCyclesAreNotJudgedWhereNobodySpinsOrAnOlderRunDoesNotTellThem) {
  EXPECT_EQ(compare(with_busy(300, false), with_busy(330, false)).cases[0].measures.size(), 2u);
  RecordedCase older = with_busy(300, true);
  for (RecordedTrial& trial : older.trials) {
    trial.busy_cycles_per_packet.reset();
    trial.tells_polls = false;
  }
  const Comparison made = compare(older, with_busy(330, true));
  ASSERT_EQ(made.cases[0].measures.size(), 2u);
  EXPECT_TRUE(made.cases[0].measures[1].reason.starts_with("BASE and NEW spin: "));
}

}  // namespace
}  // namespace pktbench
