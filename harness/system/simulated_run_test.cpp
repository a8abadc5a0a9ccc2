// Whole runs on the simulated testbed, where the truth is known: the scenario in, the outcome out.
#include "harness/system/simulated_run.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace pktbench::cli {
namespace {

TEST_F(SimulatedRun, FindsTheCapacityTheCostAndTheLimiter) {
  const RunOutcome outcome = run(scenario(R"(["fake"])"));
  ASSERT_EQ(outcome.cases.size(), 1u);
  const CaseResult& c = outcome.cases[0];
  EXPECT_EQ(c.status, CaseStatus::ok) << c.reason;
  ASSERT_EQ(c.trials.size(), 3u);
  for (const TrialRecord& t : c.trials) {
    EXPECT_EQ(t.status, TrialStatus::ok) << t.reason;
    EXPECT_EQ(t.unaccounted, 0);
    EXPECT_EQ(t.offered.packets, 10'000'000u);
    EXPECT_EQ(t.received.packets, 2'000'000u);
    EXPECT_EQ(t.drops.at("simulated_ring"), 8'000'000u);
    EXPECT_NEAR(t.mpps.value(), 2.0, 1e-9);
    EXPECT_NEAR(t.cycles_per_packet.value(), 900, 0.01);
  }
  // 2 Mpps at 900 cycles on a 2 GHz CPU is 90% of it.
  EXPECT_EQ(c.limiter, Limiter::dut);
}

TEST_F(SimulatedRun, ALoadBelowCapacityIsLimitedByTheGenerator) {
  const RunOutcome outcome =
      run(scenario(R"(["fake"])", R"("generator": "simulated", "rate": 1000000)"));
  const CaseResult& c = outcome.cases[0];
  EXPECT_EQ(c.limiter, Limiter::generator);
  EXPECT_EQ(c.trials[0].received.packets, 1'000'000u);
  EXPECT_EQ(c.trials[0].offered.unsent, 0u);
  EXPECT_EQ(c.trials[0].loss_ratio, 0.0);
}

// Its CPU is full at any rate; what a frame costs is 900 cycles of the 2 GHz.
TEST_F(SimulatedRun, ALoopThatSpinsIsChargedItsBusyCyclesBesideItsWholeCpu) {
  for (const double pps : {2'000.0, 200'000.0}) {
    std::ofstream(path_) << R"({"testbed": {"name": "simulated", "noise": 0, "spins": true},
      "traffic": {"generator": "simulated", "rate": )"
                         << pps << R"(},
      "method": {"trials": 3}, "backends": ["fake"]})";
    auto loaded = load_scenario(path_, registry(), {});
    ASSERT_TRUE(loaded) << loaded.error().message;
    const RunOutcome outcome = run(*loaded);
    for (const TrialRecord& t : outcome.cases.at(0).trials) {
      EXPECT_NEAR(t.cycles_per_packet.value(), 2e9 / pps, 2e9 / pps * 0.01);
      EXPECT_NEAR(t.busy_cycles_per_packet.value(), 900, 9);
    }
  }
}

TEST_F(SimulatedRun, AGeneratorThatCannotHoldTheRateLeavesFramesUnsent) {
  const RunOutcome outcome = run(scenario(
      R"(["fake"])", R"("generator": {"name": "simulated", "max_pps": 600000}, "rate": 1000000)"));
  const TrialRecord& t = outcome.cases[0].trials[0];
  EXPECT_EQ(t.offered.packets, 600'000u);
  EXPECT_EQ(t.offered.unsent, 400'000u);
  EXPECT_NEAR(t.loss_ratio.value(), 0.4, 1e-9);
}

TEST_F(SimulatedRun, SeveralTestbedsKeepTheirOwnTruthInSharedRounds) {
  std::ofstream(path_) << R"({"testbed": [
      {"name": "simulated", "label": "fast", "noise": 0, "capacity_pps": 2e6},
      {"name": "simulated", "label": "slow", "noise": 0, "capacity_pps": 5e5}],
    "traffic": {"generator": "simulated"}, "method": {"trials": 6},
    "backends": ["fake", {"name": "fake", "telemetry": "none"}]})";
  auto loaded = load_scenario(path_, registry(), {});
  ASSERT_TRUE(loaded) << loaded.error().message;
  const RunOutcome outcome = run(*loaded);
  ASSERT_EQ(outcome.cases.size(), 4u);
  for (const CaseResult& c : outcome.cases) {
    EXPECT_EQ(c.status, CaseStatus::ok) << c.reason;
    ASSERT_EQ(c.trials.size(), 6u);
    for (const TrialRecord& t : c.trials) {
      EXPECT_EQ(t.unaccounted, 0);
      EXPECT_EQ(t.received.packets, c.spec.testbed_label == "fast" ? 2'000'000u : 500'000u);
      EXPECT_EQ(t.cycles_per_packet.has_value(), c.spec.telemetry) << c.spec.id;
    }
  }
  std::set<std::string> first_of_round;
  for (std::size_t i = 0; i < notes_.order.size(); i += 4) first_of_round.insert(notes_.order[i]);
  EXPECT_GT(first_of_round.size(), 3u);
}

constexpr const char* kFourCases = R"([
  "fake", {"name": "fake", "lose_one_in": 1000000001}, {"name": "fake", "lose_one_in": 1000000002},
  {"name": "fake", "lose_one_in": 1000000003}])";

TEST_F(SimulatedRun, EveryRoundHasEveryCaseOnceInAnOrderOfItsOwn) {
  Scenario s = scenario(kFourCases);
  s.method_options["trials"] = std::int64_t{12};
  const RunOutcome outcome = run(s);
  ASSERT_EQ(notes_.order.size(), 48u);
  std::set<std::vector<std::string>> orders;
  for (std::size_t round = 0; round < 12; ++round) {
    const auto first = notes_.order.begin() + static_cast<std::ptrdiff_t>(4 * round);
    std::vector<std::string> ids;
    for (auto it = first; it != first + 4; ++it) {
      const std::size_t hash = it->find('#');
      EXPECT_EQ(it->substr(hash + 1), std::to_string(round));
      ids.push_back(it->substr(0, hash));
    }
    for (const CaseResult& c : outcome.cases) {
      const TrialRecord& t = c.trials.at(round);
      EXPECT_EQ(t.round, static_cast<int>(round));
      EXPECT_EQ(ids.at(static_cast<std::size_t>(t.order)), c.spec.id);
    }
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 4u);
    orders.insert(ids);
  }
  EXPECT_GT(orders.size(), 6u);
}

TEST_F(SimulatedRun, TheSeedFixesTheOrder) {
  Scenario s = scenario(kFourCases);
  s.order_seed = 9;
  run(s);
  const auto nine = std::exchange(notes_.order, {});
  run(s);
  EXPECT_EQ(std::exchange(notes_.order, {}), nine);
  s.order_seed = 10;
  run(s);
  EXPECT_NE(notes_.order, nine);
}

TEST_F(SimulatedRun, AResumedRunGoesOnInTheSameOrder) {
  const Scenario s = scenario(kFourCases);
  run(s);
  const auto whole = std::exchange(notes_.order, {});
  ASSERT_EQ(whole.size(), 12u);
  notes_.stop_after = 5;
  const RunOutcome first = run(s);
  stop_ = false;
  notes_.stop_after = 0;
  FinishedTrials finished;
  for (const CaseResult& c : first.cases) finished[c.spec.id] = c.trials;
  const RunOutcome second = run(s, finished);
  EXPECT_EQ(notes_.order, whole);
  for (const CaseResult& c : second.cases) EXPECT_EQ(c.trials.size(), 3u);
}

TEST_F(SimulatedRun, AnUnsupportedCaseHasItsReasonAndTheOthersRun) {
  const RunOutcome outcome = run(scenario(R"([{"name": "fake", "unsupported": true}, "fake"])"));
  EXPECT_EQ(outcome.cases[0].status, CaseStatus::unsupported);
  EXPECT_EQ(outcome.cases[0].reason, "the scenario asked for an unsupported case");
  EXPECT_TRUE(outcome.cases[0].trials.empty());
  EXPECT_EQ(outcome.cases[1].status, CaseStatus::ok);
}

TEST_F(SimulatedRun, ABackendForRealPortsIsUnsupportedHere) {
  const RunOutcome outcome = run(scenario(R"(["xdp-native", "fake"])"));
  EXPECT_EQ(outcome.cases[0].status, CaseStatus::unsupported);
  EXPECT_NE(outcome.cases[0].reason.find("simulated"), std::string::npos);
  EXPECT_EQ(outcome.cases[1].status, CaseStatus::ok);
}

TEST_F(SimulatedRun, AFailingCaseKeepsItsFailuresAndIsGivenUp) {
  const RunOutcome outcome = run(scenario(R"([{"name": "fake", "fail": true}, "fake"])"));
  EXPECT_EQ(outcome.cases[0].status, CaseStatus::failed);
  EXPECT_EQ(outcome.cases[0].trials.size(), 2u);
  EXPECT_EQ(outcome.cases[0].trials[0].status, TrialStatus::failed);
  EXPECT_EQ(outcome.cases[1].trials.size(), 3u);
}

TEST_F(SimulatedRun, StoppingKeepsTheTrialsThatEnded) {
  notes_.stop_after = 3;
  const RunOutcome outcome =
      run(scenario(R"(["fake", {"name": "fake", "lose_one_in": 1000000000}])"));
  EXPECT_TRUE(outcome.interrupted);
  EXPECT_EQ(notes_.order.size(), 3u);
  // One round, and one case of the second.
  EXPECT_EQ(outcome.cases[0].trials.size() + outcome.cases[1].trials.size(), 3u);
  EXPECT_GE(outcome.cases[0].trials.size(), 1u);
  EXPECT_GE(outcome.cases[1].trials.size(), 1u);
}

TEST_F(SimulatedRun, StoppingBeforeACaseHasATrialMarksItInterrupted) {
  notes_.stop_after = 1;
  const RunOutcome outcome =
      run(scenario(R"(["fake", {"name": "fake", "lose_one_in": 1000000000}])"));
  const bool first = notes_.order.at(0) == outcome.cases[0].spec.id + "#0";
  EXPECT_EQ(outcome.cases[first ? 0 : 1].status, CaseStatus::ok);
  EXPECT_EQ(outcome.cases[first ? 1 : 0].status, CaseStatus::interrupted);
  EXPECT_FALSE(outcome.cases[first ? 1 : 0].reason.empty());
}

TEST_F(SimulatedRun, ARoundThatWasCutOffIsNotDone) {
  std::ofstream(path_) << R"({"testbed": "simulated", "traffic": {"generator": "simulated"},
    "backends": ["fake"], "method": {"name": "search", "searches": 1}})";
  const auto search = load_scenario(path_, registry(), {});
  ASSERT_TRUE(search) << search.error().message;
  notes_.stop_after = 4;
  const CaseResult cut = run(*search).cases[0];
  EXPECT_EQ(cut.trials.size(), 4u);
  EXPECT_EQ(cut.rounds_planned, 1);
  EXPECT_EQ(cut.rounds_done, 0);
  stop_ = false;
  notes_.stop_after = 0;
  EXPECT_EQ(run(*search).cases[0].rounds_done, 1);
  EXPECT_EQ(run(scenario(R"(["fake"])")).cases[0].rounds_done, 3);
}

TEST_F(SimulatedRun, ResumingMakesOnlyWhatIsMissing) {
  const Scenario s = scenario(R"(["fake"])");
  notes_.stop_after = 2;
  const RunOutcome first = run(s);
  stop_ = false;
  notes_.stop_after = 0;
  notes_.order.clear();
  const RunOutcome second = run(s, {{first.cases[0].spec.id, first.cases[0].trials}});
  EXPECT_EQ(notes_.order.size(), 1u);
  EXPECT_EQ(second.cases[0].trials.size(), 3u);
  EXPECT_EQ(second.cases[0].status, CaseStatus::ok);
}

TEST_F(SimulatedRun, ABackendWithoutBpfProgramsHasNoRunTimeOfThem) {
  Scenario s = scenario(R"(["fake"])");
  s.method_options["bpf_stats"] = true;
  const CaseResult c = run(s).cases[0];
  EXPECT_EQ(c.status, CaseStatus::ok) << c.reason;
  EXPECT_EQ(c.trials.size(), 3u);
  EXPECT_TRUE(c.bpf_trials.empty());
  EXPECT_NE(c.bpf_reason.find("fake runs no BPF program"), std::string::npos) << c.bpf_reason;
}

TEST_F(SimulatedRun, ResumingKeepsTrialsWithBpfStatisticsApart) {
  Scenario s = scenario(R"(["fake"])");
  s.method_options["bpf_stats"] = true;
  TrialRecord taken;
  taken.bpf_stats = true;
  taken.status = TrialStatus::ok;
  const CaseResult c = run(s, {{s.cases[0].id, {taken}}}).cases[0];
  EXPECT_EQ(c.trials.size(), 3u);
  ASSERT_EQ(c.bpf_trials.size(), 1u);
  for (const TrialRecord& t : c.trials) {
    EXPECT_FALSE(t.bpf_stats);
    EXPECT_GT(t.index, 0);
  }
}

TEST_F(SimulatedRun, ADisturbedTrialIsKeptAndMadeAgain) {
  // Others have the CPU for the first second or so: the first trial.
  const RunOutcome outcome = run(scenario(R"(["fake"])", R"("generator": "simulated")",
                                          R"("noise": 0, "foreign": 0.1, "foreign_until_s": 2)"));
  const CaseResult& c = outcome.cases[0];
  EXPECT_EQ(c.status, CaseStatus::ok) << c.reason;
  ASSERT_EQ(c.trials.size(), 4u);
  EXPECT_EQ(c.trials[0].status, TrialStatus::invalid);
  EXPECT_TRUE(c.trials[0].disturbed);
  EXPECT_NE(c.trials[0].reason.find("disturbed: others had"), std::string::npos);
  EXPECT_EQ(c.trials[0].round, 0);
  for (int i = 1; i < 4; ++i) {
    EXPECT_EQ(c.trials[static_cast<std::size_t>(i)].status, TrialStatus::ok);
    EXPECT_EQ(c.trials[static_cast<std::size_t>(i)].index, i);
    EXPECT_EQ(c.trials[static_cast<std::size_t>(i)].round, i - 1);
  }
}

TEST_F(SimulatedRun, WhoIsAlwaysDisturbedHasAFigureAndTheWord) {
  const RunOutcome outcome =
      run(scenario(R"(["fake"])", R"("generator": "simulated")", R"("noise": 0, "foreign": 0.1)"));
  const CaseResult& c = outcome.cases[0];
  EXPECT_EQ(c.status, CaseStatus::disturbed);
  EXPECT_EQ(c.trials.size(), 4u);  // the first is made again once, and is disturbed alike
  for (const TrialRecord& t : c.trials) {
    EXPECT_EQ(t.status, TrialStatus::invalid);
    EXPECT_TRUE(t.in_summary.value());
  }
}

TEST_F(SimulatedRun, ASummaryIsOfOneConditionAndRoundsGoOnForIt) {
  Scenario s =
      scenario(R"(["fake"])", R"("generator": "simulated")", R"("noise": 0, "far_every_s": 8)");
  s.method_options["trials"] = std::int64_t{10};
  int both = 0;
  for (int seed = 1; seed <= 10; ++seed) {
    s.testbeds.front().options["seed"] = std::int64_t{seed};
    const CaseResult c = run(s).cases[0];
    ASSERT_EQ(c.status, CaseStatus::ok) << c.reason;
    const double usual = c.condition.cpu_distance_ns.value();
    int in = 0;
    std::size_t others = 0;
    std::set<int> rounds;
    for (const TrialRecord& t : c.trials) {
      rounds.insert(t.round);
      if (t.status != TrialStatus::ok) {
        EXPECT_EQ(t.disturbed_by, (std::set<std::string>{"cpu_distance"})) << t.reason;
        EXPECT_FALSE(t.in_summary.value());
        continue;
      }
      const double distance = t.condition.cpu_distance_ns.value();
      EXPECT_NEAR(t.mpps.value(), distance == 420 ? 1.6 : 2.0, 1e-6);
      EXPECT_NEAR(t.cycles_per_packet.value(), distance == 420 ? 1125 : 900, 0.1);
      EXPECT_EQ(t.in_summary.value(), distance == usual);
      if (distance == usual)
        ++in;
      else
        ++others;
    }
    EXPECT_EQ(c.other_condition, others);
    // Where some of the ten were in the other condition, rounds went on until ten are in this one,
    // or the repeats were used up.
    if (others > 0) {
      EXPECT_GT(rounds.size(), 10u) << seed;
    }
    EXPECT_TRUE(in == 10 || rounds.size() == 13) << seed;
    EXPECT_GE(static_cast<std::size_t>(in), others) << seed;
    both += others > 0;
  }
  EXPECT_GT(both, 2);
}

TEST_F(SimulatedRun, ARecordThatCannotBeKeptEndsTheRun) {
  notes_.fail_after = 1;
  const Scenario s = scenario(R"(["fake"])");
  auto outcome = run_scenario(s, registry(), {}, notes_, stop_);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message, "disk full");
}

}  // namespace
}  // namespace pktbench::cli
