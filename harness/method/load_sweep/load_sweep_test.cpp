#include "harness/method/load_sweep/load_sweep.hpp"

#include <gtest/gtest.h>

#include "harness/method/method_test_util.hpp"

namespace pktbench::method {
namespace {

Options sweep_with(Options changes) {
  changes.try_emplace("sweeps", std::int64_t{1});
  return options_of(load_sweep_method(), changes);
}

std::vector<double> rates(const std::vector<Step>& steps) {
  std::vector<double> made;
  for (const Step& step : steps) made.push_back(step.plan.rate_pps.value_or(0));
  return made;
}

TEST(LoadSweep, TakesEachLoadOnceASweepInTurnUpAndDownOnOneSession) {
  std::vector<Step> steps;
  const Options options = sweep_with(
      {{"loads", std::string("10%,50%,70000,max")}, {"pdr_pps", 1e6}, {"sweeps", std::int64_t{2}}});
  const CaseResult c = run_method(
      load_sweep_method(), options, [] { return 1e6; }, {}, &steps);
  EXPECT_EQ(rates(steps), (std::vector<double>{1e5, 5e5, 7e4, 0, 0, 7e4, 5e5, 1e5}));
  EXPECT_EQ(steps[0].start, Start::anew);
  EXPECT_EQ(steps[3].start, Start::kept);
  EXPECT_EQ(steps[4].start, Start::anew);
  ASSERT_EQ(c.sweep.size(), 8u);
  EXPECT_EQ(c.sweep[1].load, "50%");
  EXPECT_EQ(c.sweep[1].share, 0.5);
  EXPECT_EQ(c.sweep[7].load, "10%");
  EXPECT_EQ(c.sweep[2].share, std::nullopt);
  ASSERT_EQ(c.references.size(), 1u);
  EXPECT_EQ(c.references[0].pps, 1e6);
  EXPECT_EQ(c.status, CaseStatus::ok);
}

TEST(LoadSweep, FindsThePdrOnceAndTakesSharesOfItInEverySweep) {
  std::vector<Step> steps;
  const Options options = sweep_with({{"loads", std::string("50%")}, {"sweeps", std::int64_t{3}}});
  const CaseResult c = run_method(
      load_sweep_method(), options, [] { return 1e6; }, {}, &steps);
  ASSERT_EQ(c.references.size(), 1u);
  ASSERT_EQ(c.sweep.size(), 3u);
  EXPECT_EQ(steps.size(), c.references[0].trials + 3);
  for (const SweepLoad& row : c.sweep) EXPECT_NEAR(*row.offered_pps, 0.5e6, 0.01e6);
  EXPECT_EQ(steps[c.references[0].trials].start, Start::kept);
}

TEST(LoadSweep, ADisturbedTrialIsMadeAgainAndTheLastOneCounts) {
  const Options options = sweep_with({{"loads", std::string("10%,50%")}, {"pdr_pps", 1e6}});
  const auto disturb = [](std::size_t from, std::size_t to, bool alike) {
    return [=](TrialRecord& trial, std::size_t i) {
      if (i < from || i >= to) return;
      trial.status = TrialStatus::invalid;
      trial.disturbed = true;
      trial.reason = "disturbed";
      trial.disturbed_by = {alike ? std::string("cpu") : std::to_string(i)};
    };
  };
  CaseResult c = run_method(
      load_sweep_method(), options, [] { return 1e6; }, disturb(0, 2, false));
  ASSERT_EQ(c.sweep.size(), 2u);
  EXPECT_EQ(c.sweep[0].trial, 2);
  EXPECT_TRUE(c.sweep[0].ok);
  // Disturbed for good: the next load all the same.
  c = run_method(
      load_sweep_method(), options, [] { return 1e6; }, disturb(0, 2, true));
  EXPECT_EQ(c.sweep[0].trial, 1);
  EXPECT_FALSE(c.sweep[0].ok);
  EXPECT_TRUE(c.sweep[1].ok);
  c = run_method(
      load_sweep_method(), options, [] { return 1e6; }, disturb(0, 100, false));
  EXPECT_EQ(c.trials.size(), 8u);
  EXPECT_EQ(c.status, CaseStatus::invalid);
}

TEST(LoadSweep, WithoutAPdrThereIsNoLoad) {
  const CaseResult c = run_method(
      load_sweep_method(), sweep_with({}), [] { return 1e9; },
      [](TrialRecord& trial, std::size_t) { trial.received.packets /= 2; });
  EXPECT_TRUE(c.sweep.empty());
  EXPECT_EQ(c.status, CaseStatus::invalid);
  EXPECT_NE(c.reason.find("no PDR 0.5% was found"), std::string::npos) << c.reason;
}

TEST(LoadSweep, RecordsCostCpuTimeAndWakeUpsByLoad) {
  const Options options = sweep_with({{"loads", std::string("20%")}, {"pdr_pps", 1e6}});
  const CaseResult c = run_method(
      load_sweep_method(), options, [] { return 1e6; },
      [](TrialRecord& trial, std::size_t) {
        CpuUsage dut;
        dut.role = "dut";
        dut.classes[static_cast<std::size_t>(CpuClass::napi)] = 0.25;
        dut.classes[static_cast<std::size_t>(CpuClass::idle)] = 0.75;
        trial.cpus = {dut, dut};
        trial.cycles_per_packet = 700;
        trial.ns_per_packet = 350;
        trial.evidence["dut_wakeups_per_s"] = 1234;
      });
  ASSERT_EQ(c.sweep.size(), 1u);
  EXPECT_DOUBLE_EQ(c.sweep[0].dut_cpu.at("napi"), 0.5);
  EXPECT_FALSE(c.sweep[0].dut_cpu.contains("idle"));
  EXPECT_DOUBLE_EQ(c.sweep[0].dut_cpu.at("charged"), 350e-9 * 0.2e6);
  EXPECT_EQ(c.sweep[0].wakeups_per_s, 1234);
  ASSERT_EQ(c.metrics.size(), 2u);
  EXPECT_EQ(c.metrics[1].name, "cycles_per_packet at 20%");
  EXPECT_EQ(c.metrics[1].by_round.at("0"), 700);
  EXPECT_FALSE(c.metrics[1].higher_is_better);
}

TEST(LoadSweep, RefusesLoadsThatAreNone) {
  const MethodType type = load_sweep_method();
  EXPECT_EQ(type.refuses(sweep_with({}), 3), "");
  for (const char* loads : {"", "0%", "1000%"})
    EXPECT_NE(type.refuses(sweep_with({{"loads", std::string(loads)}}), 1).find("loads: "),
              std::string::npos)
        << loads;
}

}  // namespace
}  // namespace pktbench::method
