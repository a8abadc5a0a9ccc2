#include "harness/compare/gate/baseline.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "harness/compare/compare_test_util.hpp"
#include "harness/compare/gate/gate_report.hpp"
#include "harness/compare/gate/measures.hpp"
#include "harness/sys/json_file.hpp"

namespace pktbench {
namespace {

using test::make_case;
using test::make_run;

Fingerprint lab() {
  Fingerprint made;
  made.host = "lab1";
  made.kernel = "6.1";
  made.testbed = "nic";
  made.is_virtual = false;
  return made;
}

// One restart of 12 rounds that its method found metrics of.
RecordedRun night(const std::string& id, double mpps, double cycles, int restarts = 1) {
  RecordedCase c = make_case("c", mpps, cycles);
  c.metrics = {{"mpps", "Mpps", true, {}}, {"cycles_per_packet", "cycles", false, {}}};
  for (RecordedTrial& trial : c.trials) {
    trial.restart = trial.round * restarts / test::kRounds;
    c.metrics[0].by_round.emplace_back(trial.round, *trial.mpps);
    c.metrics[1].by_round.emplace_back(trial.round, *trial.cycles_per_packet);
  }
  RecordedRun made = make_run(id, {c});
  made.fingerprint = lab();
  return made;
}

Epoch epoch_of(int runs) {
  Baseline baseline;
  EXPECT_TRUE(begin_epoch(baseline, night("n0", 5, 300), "first"));
  for (int i = 1; i < runs; ++i)
    roll_in(baseline.epochs.back(), night("n" + std::to_string(i), 5 + 0.01 * (i % 3), 300), {"c"});
  return baseline.epochs.back();
}

TEST(Baseline, IsWrittenAndReadBack) {
  Baseline baseline{"lab1", "drop", {}};
  ASSERT_TRUE(begin_epoch(baseline, night("a", 5, 300, 4), "new NIC"));
  const Json json = Json::parse(baseline_text(baseline));
  EXPECT_EQ(json["schema"], "pktbench-baseline/1");
  const Json& epoch = json["epochs"][0];
  EXPECT_EQ(epoch["reason"], "new NIC");
  EXPECT_EQ(epoch["fingerprint"]["host"], "lab1");
  EXPECT_EQ(epoch["runs"][0]["path"], "a/run.json");
  ASSERT_EQ(epoch["runs"][0]["cases"][0]["metrics"][0]["draws"].size(), 4u);
  EXPECT_EQ(epoch["summary"][0]["metric"], "mpps");
  EXPECT_EQ(epoch["summary"][0]["runs"], 4);
  EXPECT_NEAR(epoch["summary"][0]["median"].get<double>(), 5, 0.01);
  EXPECT_GT(epoch["summary"][0]["spread"].get<double>(), 0);

  const std::string path = testing::TempDir() + "baseline_test.json";
  std::ofstream(path) << baseline_text(baseline);
  const auto read = read_baseline(path);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(baseline_text(**read), baseline_text(baseline));
  std::ofstream(path) << R"({"schema": "pktbench-run/1"})";
  EXPECT_EQ(read_baseline(path).error().code, ErrorCode::invalid_input);
  EXPECT_FALSE(read_baseline(path + ".none")->has_value());
}

TEST(Baseline, AVirtualRunIsNoneForHardware) {
  Baseline baseline{"lab1", "drop", {}};
  RecordedRun emulated = night("v", 5, 300);
  emulated.fingerprint->is_virtual = true;
  ASSERT_TRUE(begin_epoch(baseline, night("a", 5, 300), "first"));
  const auto refused = begin_epoch(baseline, emulated, "no");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::refused);
  EXPECT_EQ(baseline.epochs.size(), 1u);
  Baseline alone{"vm", "drop", {}};
  EXPECT_TRUE(begin_epoch(alone, emulated, "of its own kind it is one"));
  RecordedRun older = night("o", 5, 300);
  older.fingerprint.reset();
  EXPECT_FALSE(begin_epoch(alone, older, "no"));
}

TEST(Baseline, AnEpochIsOfOneFingerprintButForWhatIsVaried) {
  Baseline baseline{"lab1", "drop", {epoch_of(5)}};
  Fingerprint other = lab();
  EXPECT_TRUE(epoch_for(baseline, other, {}));
  other.kernel = "6.6";
  EXPECT_FALSE(epoch_for(baseline, other, {}));
  EXPECT_TRUE(epoch_for(baseline, other, {"kernel"}));
  EXPECT_FALSE(epoch_for(baseline, other, {"firmware"}));
}

TEST(Baseline, TheLastRunsAreTheHistory) {
  const GateRules rules;
  const auto made = gate_measures(epoch_of(14), night("t", 5, 300), rules);
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].metric, "mpps");
  EXPECT_EQ(made[0].history.size(), rules.history);
  EXPECT_EQ(made[0].first.size(), 1u);
  EXPECT_NEAR(made[0].history[0].median, 5.01, 0.01);
}

TEST(Baseline, OnlyRunsOfTonightsConditionLoadAndCyclesCount) {
  Epoch epoch = epoch_of(8);
  RecordedRun far = night("t", 5, 300);
  far.cases[0].condition.cpu_distance_ns = 420;
  for (BaselineRun& run : epoch.runs) run.cases[0].condition.cpu_distance_ns = 90;
  for (const GateMeasure& m : gate_measures(epoch, far, {})) {
    EXPECT_TRUE(m.history.empty());
    EXPECT_NE(m.reason.find("in another"), std::string::npos);
  }
  RecordedRun loaded = night("t", 5, 300);
  loaded.cases[0].condition.cpu_distance_ns = 90;
  for (RecordedTrial& trial : loaded.cases[0].trials) trial.offered_pps = 4e6;
  const auto made = gate_measures(epoch, loaded, {});
  EXPECT_EQ(made[0].history.size(), 8u);  // the rate
  EXPECT_EQ(made[1].history.size(), 0u);  // cycles depend on the load
}

TEST(Baseline, ARateThatIsNotTheDutsAndCyclesOfALoopThatSpinsAreLeftOut) {
  RecordedRun run = night("t", 5, 300);
  run.cases[0].limiter = Limiter::generator;
  ASSERT_EQ(baseline_cases(run)[0].metrics.size(), 1u);
  EXPECT_EQ(baseline_cases(run)[0].metrics[0].name, "cycles_per_packet");
  run.cases[0].limiter = Limiter::dut;
  for (RecordedTrial& trial : run.cases[0].trials) trial.spins = true;
  ASSERT_EQ(baseline_cases(run)[0].metrics.size(), 1u);
  EXPECT_EQ(baseline_cases(run)[0].metrics[0].name, "mpps");
}

TEST(Baseline, ACaseThatTonightLacksIsInconclusive) {
  RecordedRun run = night("t", 5, 300);
  run.cases[0].status = CaseStatus::failed;
  run.cases[0].reason = "it broke";
  auto made = gate_measures(epoch_of(6), run, {});
  ASSERT_EQ(made.size(), 1u);
  screen(made, {});
  EXPECT_EQ(worst(made), GateKind::inconclusive);
  EXPECT_EQ(made[0].reason, "it is failed: it broke");
}

TEST(Gate, AShortHistoryIsInconclusiveAndSaysWhatIsMissing) {
  auto made = gate_measures(epoch_of(3), night("t", 2, 300), {});
  screen(made, {});
  EXPECT_EQ(made[0].kind, GateKind::inconclusive);
  EXPECT_NE(made[0].reason.find("has 3 runs of it and an alarm needs 5: 2 more"),
            std::string::npos);
  EXPECT_TRUE(may_be_accepted(made[0], {}));
}

TEST(Gate, ASuspectIsNoRegressionUntilItIsMeasuredAgain) {
  const GateRules rules;
  auto made = gate_measures(epoch_of(10), night("t", 4.5, 300), rules);
  screen(made, rules);
  EXPECT_TRUE(made[0].suspect);
  EXPECT_FALSE(made[1].suspect);
  EXPECT_EQ(open_cases(made), std::vector<std::string>{"c"});
  auto unconfirmed = made;
  close_open(unconfirmed, rules);
  EXPECT_EQ(unconfirmed[0].kind, GateKind::inconclusive);
  EXPECT_NE(unconfirmed[0].reason.find("no time to confirm it; "), std::string::npos);
  EXPECT_FALSE(may_be_accepted(unconfirmed[0], rules));

  auto chance = made;
  for (const char* id : {"r1", "r2"}) add_run(chance, night(id, 5.01, 300));
  confirm(chance, 0, rules);
  EXPECT_EQ(chance[0].kind, GateKind::unchanged) << chance[0].reason;

  for (const char* id : {"r1", "r2"}) add_run(made, night(id, 4.5, 300));
  confirm(made, 0, rules);
  EXPECT_EQ(made[0].kind, GateKind::regression) << made[0].reason;
  EXPECT_EQ(worst(made), GateKind::regression);
  GateReport report;
  report.measures = made;
  report.verdict = worst(made);
  EXPECT_NE(gate_text(report, {}).find("regression (1 regression, 1 unchanged)"), std::string::npos)
      << gate_text(report, {});
  EXPECT_EQ(Json::parse(gate_json(report, 1))["measures"][0]["kind"], "regression");
}

TEST(Gate, WhatIsIncomparableNamesTheField) {
  const auto made = incomparable_measures(night("t", 5, 300), "kernel", "6.1 and 6.6");
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(worst(made), GateKind::incomparable);
  EXPECT_EQ(made[0].field, "kernel");
}

}  // namespace
}  // namespace pktbench
