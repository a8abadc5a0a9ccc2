#include "harness/compare/comparison.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace pktbench {
namespace {

constexpr int kRounds = 12;

// Steady to 0.1%, and no two rounds alike.
std::vector<double> figures(double around, int n = kRounds) {
  std::vector<double> made;
  for (int i = 0; i < n; ++i) made.push_back(around * (1 + 0.001 * std::sin(1 + 7.0 * i + around)));
  return made;
}

RecordedCase make_case(const std::string& id, double mpps, double cycles, int n = kRounds) {
  RecordedCase made;
  made.id = id;
  made.setting = {{"testbed", "veth"},
                  {"arrangement", "isolated"},
                  {"generator", "xdp-live"},
                  {"generator_batch", "16"},
                  {"generator_options", "{}"},
                  {"frame_size", "64"},
                  {"flows", "1"},
                  {"rate_pps", "none"},
                  {"virtual", "true"},
                  {"napi_policy", "fifo"},
                  {"dut_idle", "poll"}};
  made.subject = {{"backend", "xdp-native"}, {"mode", "native"}, {"telemetry", "full"}};
  made.status = "ok";
  made.limiter = Limiter::dut;
  const auto rates = figures(mpps, n);
  const auto costs = figures(cycles, n);
  for (int i = 0; i < n; ++i) made.trials.push_back({i, true, rates[i], costs[i], "tsc", 8e6});
  return made;
}

RecordedRun make_run(const std::string& id, std::vector<RecordedCase> cases) {
  RecordedRun made;
  made.path = id + "/run.json";
  made.id = id;
  made.host = "host";
  made.started_at = "2026-01-02T03:04:05Z";
  made.tool_version = "0.1.0";
  made.environment = {{"kernel", "6.1"}};
  made.cases = std::move(cases);
  return made;
}

Comparison compare(const RecordedRun& base, const RecordedRun& next) {
  auto made = compare_runs(base, next, {});
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return std::move(*made);
}

Comparison compare(const RecordedCase& base, const RecordedCase& next) {
  return compare(make_run("a", {base}), make_run("b", {next}));
}

bool mentions(const std::vector<std::string>& texts, const std::string& part) {
  for (const std::string& text : texts)
    if (text.find(part) != std::string::npos) return true;
  return false;
}

TEST(Comparison, ARateThatFellIsARegression) {
  const Comparison made = compare(make_case("c", 5, 300), make_case("c", 4.75, 300));
  EXPECT_EQ(made.verdict, Verdict::regression);
  ASSERT_EQ(made.cases.size(), 1u);
  const MeasureComparison& rate = made.cases[0].measures[0];
  EXPECT_EQ(rate.verdict, Verdict::regression);
  EXPECT_NEAR(rate.found->ratio, 0.95, 0.001);
  EXPECT_EQ(rate.found->pairs, 12u);
  EXPECT_EQ(made.cases[0].measures[1].verdict, Verdict::no_change);
}

TEST(Comparison, CyclesThatRoseAreARegression) {
  const Comparison made = compare(make_case("c", 5, 300), make_case("c", 5, 309));
  EXPECT_EQ(made.verdict, Verdict::regression);
  EXPECT_EQ(made.cases[0].measures[0].verdict, Verdict::no_change);
  EXPECT_EQ(made.cases[0].measures[1].verdict, Verdict::regression);
}

TEST(Comparison, BetterFiguresAreAnImprovementAndEqualOnesNoChange) {
  EXPECT_EQ(compare(make_case("c", 5, 300), make_case("c", 5.2, 290)).verdict,
            Verdict::improvement);
  EXPECT_EQ(compare(make_case("c", 5, 300), make_case("c", 5, 300)).verdict, Verdict::no_change);
}

TEST(Comparison, ARegressionAnywhereIsTheWhole) {
  const Comparison made =
      compare(make_run("a", {make_case("x", 5, 300), make_case("y", 5, 300)}),
              make_run("b", {make_case("x", 5.5, 300), make_case("y", 4.5, 300)}));
  EXPECT_EQ(made.cases[0].verdict, Verdict::improvement);
  EXPECT_EQ(made.cases[1].verdict, Verdict::regression);
  EXPECT_EQ(made.verdict, Verdict::regression);
}

TEST(Comparison, PIsAdjustedOverTheWholeSuite) {
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
  EXPECT_NEAR(rate.found->p, 2.0 / 512, 1e-9);
  EXPECT_NEAR(rate.p_adjusted, 40 * 2.0 / 512, 1e-9);  // 20 cases, 2 measures
  EXPECT_EQ(rate.verdict, Verdict::inconclusive);
  EXPECT_EQ(many.verdict, Verdict::inconclusive);
}

TEST(Comparison, TooFewPairsAreInconclusive) {
  const Comparison made = compare(make_case("c", 5, 300, 5), make_case("c", 4, 300, 5));
  EXPECT_EQ(made.verdict, Verdict::inconclusive);
  EXPECT_EQ(made.reason, "no case could be compared");
  EXPECT_EQ(made.cases[0].measures[0].reason,
            "a comparison needs 8 pairs, there are 5: make more trials (--trials 10)");
}

TEST(Comparison, MoreTrialsAreNoRemedyForAValueOf0) {
  const Comparison made = compare(make_case("c", 5, 0, 20), make_case("c", 5, 300, 20));
  EXPECT_EQ(made.cases[0].measures[1].reason, "a value of 0 has no ratio to another");
}

TEST(Comparison, WhatMustNotBeComparedIsRefused) {
  for (const char* key :
       {"testbed", "arrangement", "generator", "generator_batch", "generator_options", "frame_size",
        "flows", "rate_pps", "virtual", "napi_policy", "dut_idle"}) {
    RecordedCase next = make_case("c", 4, 300);
    next.setting[key] = "other";
    const Comparison made = compare(make_case("c", 5, 300), next);
    EXPECT_EQ(made.verdict, Verdict::inconclusive) << key;
    EXPECT_TRUE(made.cases[0].measures.empty());
    EXPECT_EQ(made.cases[0].reason.find(std::string(key) + " differs: "), 0u);
    EXPECT_NE(made.cases[0].reason.find("other in NEW: not to be compared"), std::string::npos);
  }
}

TEST(Comparison, OnlyTrialsOfEqualConditionMakeAPair) {
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

TEST(Comparison, WithoutOneConditionInCommonItIsInconclusive) {
  RecordedCase base = make_case("c", 5, 300);
  RecordedCase next = make_case("c", 5, 300);
  for (RecordedTrial& trial : base.trials) trial.condition.cpu_distance_ns = 90;
  for (RecordedTrial& trial : next.trials) trial.condition.cpu_distance_ns = 420;
  const Comparison made = compare(base, next);
  EXPECT_EQ(made.verdict, Verdict::inconclusive);
  for (const MeasureComparison& m : made.cases[0].measures)
    EXPECT_EQ(m.reason, "no two of the trials have the same condition");
}

TEST(Comparison, TwoRunsThatWereInBothConditionsArePairedWithinEach) {
  RecordedCase base = make_case("c", 5, 300);
  RecordedCase next = make_case("c", 5, 300);
  const auto put = [](RecordedCase& c, std::size_t parity) {
    for (std::size_t i = 0; i < c.trials.size(); ++i) {
      const bool far = i % 2 == parity;
      c.trials[i].condition.cpu_distance_ns = far ? 420 : 90;
      if (far) c.trials[i].cycles_per_packet = *c.trials[i].cycles_per_packet * 1.25;
    }
  };
  put(base, 0);
  put(next, 1);
  const Comparison made = compare(base, next);
  EXPECT_EQ(made.verdict, Verdict::no_change);
  EXPECT_EQ(made.cases[0].measures[1].found->pairs, kRounds / 2 * 2);
}

TEST(Comparison, CyclesOfAnotherSourceAreRefusedAndTheRateIsNot) {
  RecordedCase next = make_case("c", 5, 300);
  for (RecordedTrial& trial : next.trials) trial.cycles_source = "pmu";
  const Comparison made = compare(make_case("c", 5, 300), next);
  EXPECT_EQ(made.cases[0].measures[0].verdict, Verdict::no_change);
  EXPECT_FALSE(made.cases[0].measures[1].found);
  EXPECT_EQ(made.cases[0].measures[1].reason,
            "the source of cycles differs: tsc in BASE, pmu in NEW");
  EXPECT_EQ(made.verdict, Verdict::inconclusive);
  EXPECT_EQ(made.reason, "1 of 1 cases are inconclusive");
}

TEST(Comparison, CyclesThatNobodyMeasuredAreNoGap) {
  RecordedCase base = make_case("c", 5, 300);
  RecordedCase next = make_case("c", 5, 300);
  for (RecordedTrial& trial : base.trials) trial.cycles_per_packet.reset();
  EXPECT_EQ(compare(base, next).verdict, Verdict::inconclusive);
  for (RecordedTrial& trial : next.trials) trial.cycles_per_packet.reset();
  EXPECT_EQ(compare(base, next).verdict, Verdict::no_change);
}

TEST(Comparison, OfTwoLowerBoundsOnlyTheCostIsCompared) {
  RecordedCase base = make_case("c", 5, 300);
  RecordedCase next = make_case("c", 4, 300);
  base.limiter = next.limiter = Limiter::generator;
  const Comparison made = compare(base, next);
  EXPECT_FALSE(made.cases[0].measures[0].found);
  EXPECT_EQ(made.cases[0].measures[0].reason,
            "both rates are lower bounds: the generator limited BASE, the generator NEW");
  EXPECT_EQ(made.verdict, Verdict::no_change);
}

TEST(Comparison, CyclesAreNotJudgedWhereTheOfferedRatesDiffer) {
  const auto with = [](double cycles, std::optional<double> offered_pps) {
    RecordedCase next = make_case("c", 5, cycles);
    for (RecordedTrial& trial : next.trials) trial.offered_pps = offered_pps;
    // A round that only one side has does not count.
    next.trials.push_back({kRounds, true, 5, cycles, "tsc", 1e9});
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

TEST(Comparison, ARateIsJudgedWhateverWasOffered) {
  RecordedCase next = make_case("c", 4.5, 200);
  for (RecordedTrial& trial : next.trials) trial.offered_pps = 4e6;
  const Comparison made = compare(make_case("c", 5, 300), next);
  EXPECT_EQ(made.cases[0].measures[0].verdict, Verdict::regression);
  EXPECT_EQ(made.verdict, Verdict::regression);
}

TEST(Comparison, OfOneLowerBoundOnlyWhatHoldsAllTheMoreIsSaid) {
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

TEST(Comparison, TrialsThatAreNotOkAreLeftOutAndCounted) {
  RecordedCase base = make_case("c", 5, 300);
  RecordedCase next = make_case("c", 5, 300);
  base.trials[3].ok = false;
  base.trials[3].mpps = 1;
  next.trials[5].ok = false;
  next.trials.push_back({12, false, {}, {}, ""});
  const Comparison made = compare(base, next);
  EXPECT_EQ(made.cases[0].excluded_base, 1u);
  EXPECT_EQ(made.cases[0].excluded_new, 2u);
  // The two that have no partner in their round are each other's.
  EXPECT_EQ(made.cases[0].unpaired_rounds, 0u);
  EXPECT_EQ(made.cases[0].measures[0].found->pairs, 11u);
  EXPECT_EQ(made.cases[0].measures[0].base.n, 11u);
}

TEST(Comparison, ADisturbedTrialGivesWayToTheOneMadeAgain) {
  RecordedCase base = make_case("c", 5, 300);
  base.trials.insert(base.trials.begin(), {0, false, 1.0, 900.0, "tsc"});
  const Comparison made = compare(base, make_case("c", 5, 300));
  EXPECT_EQ(made.cases[0].measures[0].found->pairs, 12u);
  EXPECT_EQ(made.verdict, Verdict::no_change);
}

TEST(Comparison, ACaseThatIsNotOkIsNotComparedAndSaysWhy) {
  RecordedCase next = make_case("c", 5, 300);
  next.status = "invalid";
  next.reason = "frames are unaccounted for";
  const Comparison made = compare(make_case("c", 5, 300), next);
  EXPECT_EQ(made.verdict, Verdict::inconclusive);
  EXPECT_EQ(made.cases[0].reason, "NEW is invalid: frames are unaccounted for");
}

TEST(Comparison, CasesOfOneSideAreNamed) {
  RecordedCase gap = make_case("gap", 5, 300, 0);
  gap.status = "unsupported";
  const auto x = make_case("x", 5, 300);
  const Comparison more =
      compare(make_run("a", {x, gap}), make_run("b", {x, gap, make_case("y", 5, 300)}));
  EXPECT_EQ(more.verdict, Verdict::no_change);
  ASSERT_EQ(more.only_in_new.size(), 1u);
  EXPECT_EQ(more.only_in_new[0].id, "y");
  ASSERT_EQ(more.unsupported.size(), 1u);
  EXPECT_EQ(more.unsupported[0].id, "gap");
  const Comparison less = compare(make_run("a", {x, make_case("y", 5, 300)}), make_run("b", {x}));
  EXPECT_EQ(less.only_in_base[0].id, "y");
  EXPECT_EQ(less.verdict, Verdict::inconclusive);
  EXPECT_EQ(less.reason, "NEW lacks cases that BASE has");
  const std::string text = comparison_text(less, false);
  EXPECT_NE(text.find("note: y: only in BASE (ok)\n"), std::string::npos);
}

TEST(Comparison, OtherHostsAndRunsApartAreWarnedOf) {
  RecordedRun base = make_run("a", {make_case("c", 5, 300)});
  RecordedRun next = make_run("b", {make_case("c", 5, 300)});
  EXPECT_EQ(compare(base, next).warnings,
            std::vector<std::string>{
                "the runs were not interleaved: what drifted between them counts as change"});
  next.host = "other";
  next.environment["kernel"] = "6.2";
  next.environment["CPU"] = "fast";
  const Comparison made = compare(base, next);
  EXPECT_TRUE(mentions(made.warnings, "host differs: host in BASE, other in NEW"));
  EXPECT_TRUE(mentions(made.warnings, "kernel differs: 6.1 in BASE, 6.2 in NEW"));
  EXPECT_TRUE(mentions(made.warnings, "CPU differs: not known in BASE, fast in NEW"));
  RecordedCase other = make_case("c", 5, 300);
  other.subject["mode"] = "generic";
  EXPECT_TRUE(mentions(compare(make_case("c", 5, 300), other).cases[0].warnings,
                       "mode differs: native in BASE, generic in NEW"));
}

TEST(Comparison, TwoCasesOfOneRun) {
  RecordedCase slow = make_case("slow", 4, 300);
  slow.subject["backend"] = "xdp-generic";
  const RecordedRun run = make_run("a", {make_case("fast", 5, 300), slow});
  const auto made = compare_runs(run, run, {"fast", "slow", {}});
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->interleaved);
  EXPECT_TRUE(made->warnings.empty());
  EXPECT_TRUE(made->cases[0].warnings.empty()) << "the backend is what is compared";
  EXPECT_EQ(made->verdict, Verdict::regression);
  const auto wrong = compare_runs(run, run, {"fats", "slow", {}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid_input);
  EXPECT_EQ(wrong.error().message, "a/run.json: /cases: no case \"fats\"; did you mean \"fast\"?");
}

std::string refusal(const RecordedRun& base, const RecordedRun& next, CompareChoice choice = {}) {
  const auto made = compare_runs(base, next, choice);
  if (made) return "";
  EXPECT_EQ(made.error().code, ErrorCode::invalid_input);
  return made.error().message;
}

TEST(Comparison, ARunIsNotComparedWithItself) {
  const RecordedRun run = make_run("a", {make_case("x", 5, 300), make_case("y", 5, 300)});
  RecordedRun copy = run;
  copy.path = "elsewhere/run.json";
  EXPECT_EQ(refusal(run, copy),
            "elsewhere/run.json: /run/id: BASE and NEW are one run: name two runs, or two of its "
            "cases with --base-case and --new-case");
  EXPECT_NE(refusal(run, copy, {"x", "x", {}}), "");
  EXPECT_EQ(refusal(run, copy, {"x", "y", {}}), "");
}

// A run gets another id when it is resumed.
TEST(Comparison, ARunIsNotComparedWithWhatItWasBeforeItWasResumed) {
  RecordedRun before = make_run("a", {make_case("c", 5, 300)});
  for (RecordedTrial& trial : before.cases[0].trials)
    trial.started_at = "2026-01-02T03:04:0" + std::to_string(trial.round % 10) + ".5Z";
  RecordedRun after = before;
  after.id = "b";
  EXPECT_NE(refusal(before, after).find("are one run, which was resumed: name two"),
            std::string::npos);
  for (RecordedTrial& trial : after.cases[0].trials) trial.started_at += "x";
  EXPECT_EQ(refusal(before, after), "");
}

TEST(Comparison, WithoutAnythingToCompareItIsInconclusive) {
  RecordedCase skipped = make_case("c", 5, 300);
  skipped.status = "unsupported";
  for (const auto& cases : {std::vector<RecordedCase>{}, {skipped}}) {
    const Comparison made = compare(make_run("a", cases), make_run("b", cases));
    EXPECT_EQ(made.verdict, Verdict::inconclusive);
    EXPECT_EQ(made.reason, "no case could be compared");
  }
  RecordedCase failed = make_case("c", 5, 300);
  failed.status = "failed";
  EXPECT_EQ(compare(failed, failed).verdict, Verdict::inconclusive);
  EXPECT_EQ(compare(make_case("c", 5, 300), make_case("d", 5, 300)).verdict, Verdict::inconclusive);
}

TEST(Comparison, TheNoiseFloorComparesBaseWithItself) {
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

TEST(Comparison, ATwinInBaseIsTheNoiseFloor) {
  const auto a1 = make_case("a1", 5, 300);
  RecordedCase a2 = make_case("a2", 5.05, 300);
  const Comparison made = compare(make_run("a", {a1, a2}), make_run("b", {a1, a2}));
  const MeasureComparison& rate = made.cases[0].measures[0];
  EXPECT_EQ(rate.noise_floor.against, "a2");
  ASSERT_TRUE(rate.noise_floor.found);
  EXPECT_EQ(rate.noise_floor.found->pairs, 12u);
  EXPECT_NEAR(rate.noise_floor.found->ratio, 1.01, 0.001);
  EXPECT_TRUE(mentions(rate.warnings, "BASE differs from its twin a2, which does the same"));
  a2.subject["backend"] = "other";
  const Comparison none = compare(make_run("a", {a1, a2}), make_run("b", {a1, a2}));
  EXPECT_EQ(none.cases[0].measures[0].noise_floor.against, "");
}

TEST(Comparison, CyclesThatWereSwitchedOffAreNoGap) {
  RecordedCase blind = make_case("c", 5, 300);
  blind.subject["telemetry"] = "none";
  for (RecordedTrial& trial : blind.trials) trial.cycles_per_packet.reset();
  const Comparison made = compare(blind, make_case("c", 5, 300));
  EXPECT_EQ(made.verdict, Verdict::no_change);
  EXPECT_EQ(made.cases[0].measures[1].reason, "no ok trial of BASE has a value");
}

TEST(Comparison, TextOfARegression) {
  RecordedCase base = make_case("c", 5, 300, 16);
  RecordedCase next = make_case("c", 4.75, 300, 16);
  for (RecordedTrial& trial : next.trials) trial.cycles_per_packet.reset();
  for (RecordedTrial& trial : base.trials) trial.cycles_per_packet.reset();
  for (std::size_t i = 0; i < base.trials.size(); ++i) {
    base.trials[i].mpps = 5 + 0.001 * static_cast<double>(i);
    next.trials[i].mpps = *base.trials[i].mpps * 0.95;
  }
  const std::string text = comparison_text(compare(base, next), false);
  EXPECT_EQ(text.find("BASE  a/run.json (host, 2026-01-02T03:04:05Z, pktbench 0.1.0)\n"
                      "NEW   b/run.json (host, 2026-01-02T03:04:05Z, pktbench 0.1.0)\n\n"
                      "case  measure"),
            0u)
      << text;
  EXPECT_NE(text.find("c     Mpps           5.008 (5.004–5.011)  4.757 (4.754–4.761)  -5.00%  "
                      "-5.00% to -5.00%  <0.0001  <0.0001  0.4%  ±0.02%     16  regression\n"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find("c     cycles/packet  not compared: no ok trial of either side has a value\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("This comparison can see changes of 0.4% or more in Mpps, four times out of "
                      "five.\nregression (cases: 1 regression)\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find('\033'), std::string::npos);
  EXPECT_NE(comparison_text(compare(base, next), true).find("\033[31m"), std::string::npos);
}

TEST(Comparison, OtherPeoplesTextCannotMoveTheCursor) {
  RecordedCase evil = make_case("\033[2Jc", 5, 300);
  RecordedCase bad = evil;
  bad.status = "failed\033[2J";
  bad.reason = "line\nline\033[2J";
  RecordedRun run = make_run("a\033[2J", {bad});
  run.host = "\033[2J";
  EXPECT_EQ(comparison_text(compare(make_run("\033[2J", {evil}), run), false).find('\033'),
            std::string::npos);
}

}  // namespace
}  // namespace pktbench
