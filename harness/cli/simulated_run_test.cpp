// Whole runs on the simulated testbed, where the truth is known: the scenario in, the outcome out.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "harness/cli/registry.hpp"
#include "harness/runner/run.hpp"

namespace pktbench::cli {
namespace {

class Notes final : public RunSink {
 public:
  explicit Notes(StopFlag& stop) : stop_(stop) {}
  Result<void> on_trial(const CaseSpec& spec, const TrialRecord& trial) override {
    order.push_back(spec.id + "#" + std::to_string(trial.index));
    if (order.size() == stop_after) stop_ = true;
    if (order.size() == fail_after) return make_error(ErrorCode::failed, "disk full");
    return {};
  }
  std::vector<std::string> order;
  std::size_t stop_after = 0;
  std::size_t fail_after = 0;

 private:
  StopFlag& stop_;
};

class SimulatedRun : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() /
            ("pktbench-simulated-" + std::to_string(getpid()) + ".json");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  // `backends` is the JSON of that key.
  Scenario scenario(const std::string& backends,
                    const std::string& traffic = R"("generator": "simulated")",
                    const std::string& testbed = R"("noise": 0)") {
    std::ofstream(path_) << R"({"testbed": {"name": "simulated", "capacity_pps": 2e6, )" << testbed
                         << "}, "
                         << R"("traffic": {)" << traffic
                         << R"(}, "method": {"trials": 3}, "backends": )" << backends << "}";
    auto loaded = load_scenario(path_, registry(), {});
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
    return std::move(*loaded);
  }

  RunOutcome run(const Scenario& s, const FinishedTrials& finished = {}) {
    auto silent = make_silent_progress();
    auto outcome = run_scenario(s, registry(), finished, notes_, *silent, stop_);
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().message);
    return std::move(*outcome);
  }

  std::filesystem::path path_;
  StopFlag stop_{false};
  Notes notes_{stop_};
};

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

TEST_F(SimulatedRun, AGeneratorThatCannotHoldTheRateLeavesFramesUnsent) {
  const RunOutcome outcome = run(scenario(
      R"(["fake"])", R"("generator": {"name": "simulated", "max_pps": 600000}, "rate": 1000000)"));
  const TrialRecord& t = outcome.cases[0].trials[0];
  EXPECT_EQ(t.offered.packets, 600'000u);
  EXPECT_EQ(t.offered.unsent, 400'000u);
  EXPECT_NEAR(t.loss_ratio.value(), 0.4, 1e-9);
}

TEST_F(SimulatedRun, OneFrameLostUncountedIn10000IsInvalid) {
  const RunOutcome outcome = run(scenario(R"([{"name": "fake", "lose_one_in": 10000}])"));
  const CaseResult& c = outcome.cases[0];
  EXPECT_EQ(c.status, CaseStatus::invalid);
  for (const TrialRecord& t : c.trials) {
    EXPECT_EQ(t.status, TrialStatus::invalid);
    EXPECT_EQ(t.unaccounted, 200);
  }
}

TEST_F(SimulatedRun, AFrameCountedTwiceIsInvalid) {
  const RunOutcome outcome = run(scenario(R"([{"name": "fake", "repeat_one_in": 10000}])"));
  EXPECT_EQ(outcome.cases[0].status, CaseStatus::invalid);
  EXPECT_EQ(outcome.cases[0].trials[0].unaccounted, -200);
}

TEST_F(SimulatedRun, AGeneratorThatClaimsWhatItDidNotSendIsInvalid) {
  const RunOutcome outcome =
      run(scenario(R"(["fake"])", R"("generator": {"name": "simulated", "claim_extra": 1})"));
  EXPECT_EQ(outcome.cases[0].status, CaseStatus::invalid);
  EXPECT_EQ(outcome.cases[0].trials[0].unaccounted, 1);
}

TEST_F(SimulatedRun, CasesTakeTurns) {
  run(scenario(R"(["fake", {"name": "fake", "lose_one_in": 1000000000}])"));
  ASSERT_EQ(notes_.order.size(), 6u);
  const std::string a = notes_.order[0].substr(0, notes_.order[0].find('#'));
  const std::string b = notes_.order[1].substr(0, notes_.order[1].find('#'));
  EXPECT_NE(a, b);
  EXPECT_EQ(notes_.order,
            (std::vector<std::string>{a + "#0", b + "#0", a + "#1", b + "#1", a + "#2", b + "#2"}));
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
  EXPECT_EQ(outcome.cases[0].trials.size(), 2u);
  EXPECT_EQ(outcome.cases[1].trials.size(), 1u);
}

TEST_F(SimulatedRun, StoppingBeforeACaseHasATrialMarksItInterrupted) {
  notes_.stop_after = 1;
  const RunOutcome outcome =
      run(scenario(R"(["fake", {"name": "fake", "lose_one_in": 1000000000}])"));
  EXPECT_EQ(outcome.cases[0].status, CaseStatus::ok);
  EXPECT_EQ(outcome.cases[1].status, CaseStatus::interrupted);
  EXPECT_FALSE(outcome.cases[1].reason.empty());
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
  s.plan.bpf_stats = true;
  const CaseResult c = run(s).cases[0];
  EXPECT_EQ(c.status, CaseStatus::ok) << c.reason;
  EXPECT_EQ(c.trials.size(), 3u);
  EXPECT_TRUE(c.bpf_trials.empty());
  EXPECT_NE(c.bpf_reason.find("fake runs no BPF program"), std::string::npos) << c.bpf_reason;
}

TEST_F(SimulatedRun, ResumingKeepsTrialsWithBpfStatisticsApart) {
  Scenario s = scenario(R"(["fake"])");
  s.plan.bpf_stats = true;
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

TEST_F(SimulatedRun, WhoIsAlwaysDisturbedEndsInvalidWithinTheBound) {
  const RunOutcome outcome =
      run(scenario(R"(["fake"])", R"("generator": "simulated")", R"("noise": 0, "foreign": 0.1)"));
  const CaseResult& c = outcome.cases[0];
  EXPECT_EQ(c.status, CaseStatus::invalid);
  EXPECT_EQ(c.trials.size(), 12u);  // three rounds of one trial and three repeats
}

TEST_F(SimulatedRun, AFaultIsNotRepeated) {
  const RunOutcome outcome = run(scenario(R"([{"name": "fake", "lose_one_in": 10000}])"));
  EXPECT_EQ(outcome.cases[0].trials.size(), 3u);
}

TEST_F(SimulatedRun, ARecordThatCannotBeKeptEndsTheRun) {
  notes_.fail_after = 1;
  const Scenario s = scenario(R"(["fake"])");
  auto silent = make_silent_progress();
  auto outcome = run_scenario(s, registry(), {}, notes_, *silent, stop_);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message, "disk full");
}

TEST(MajorityLimiter, NeedsMoreThanHalfOfTheOkTrials) {
  const auto trial = [](TrialStatus s, Limiter l) {
    TrialRecord t;
    t.status = s;
    t.limiter = l;
    return t;
  };
  using enum TrialStatus;
  EXPECT_EQ(majority_limiter(
                {trial(ok, Limiter::dut), trial(ok, Limiter::dut), trial(ok, Limiter::generator)}),
            Limiter::dut);
  EXPECT_EQ(majority_limiter({trial(ok, Limiter::dut), trial(ok, Limiter::generator)}),
            Limiter::unknown);
  EXPECT_EQ(majority_limiter({trial(ok, Limiter::dut), trial(invalid, Limiter::generator),
                              trial(invalid, Limiter::generator)}),
            Limiter::dut);
  EXPECT_EQ(majority_limiter({}), Limiter::unknown);
}

}  // namespace
}  // namespace pktbench::cli
