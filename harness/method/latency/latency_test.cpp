#include "harness/method/latency/latency.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "harness/measure/histogram.hpp"
#include "harness/method/latency/loads.hpp"

namespace pktbench::method {
namespace {

Options options_with(const Options& changes) {
  Options options;
  for (const OptionSpec& o : latency_method().options) options[o.name] = o.default_value;
  for (const auto& [name, value] : changes) options[name] = value;
  return options;
}

std::string refused(const Options& changes) {
  return latency_method().refuses(options_with(changes), 1);
}

measure::Histogram delays_of(const std::vector<std::uint64_t>& values) {
  measure::Histogram histogram;
  for (const std::uint64_t value : values) histogram.record(value);
  return histogram;
}

// A device that is as late as its load: 1 ns for each packet/s, and a frame in 100 twice that.
TrialRecord measured(const Step& step, int round) {
  TrialRecord trial;
  trial.round = round;
  trial.status = TrialStatus::ok;
  trial.target_pps = step.plan.rate_pps;
  trial.duration_s = step.plan.duration_s;
  trial.effective_s = step.plan.duration_s;
  const double load = step.plan.rate_pps.value_or(3e6);
  const double got = std::min(load, 1e6);
  trial.offered_pps = load;
  trial.offered.packets = static_cast<std::uint64_t>(load * trial.duration_s);
  trial.received.packets = static_cast<std::uint64_t>(got * trial.duration_s);
  if (!step.plan.delays) return trial;
  measure::Histogram delays;
  delays.record(static_cast<std::uint64_t>(load), 9'900);
  delays.record(static_cast<std::uint64_t>(2 * load), 100);
  trial.latency.emplace();
  trial.latency->stamp = "software";
  trial.latency->count = delays.count();
  trial.latency->lost = 3;
  trial.latency->histograms = {delays.encoded()};
  trial.latency->lateness = delays_of({50}).encoded();
  trial.latency->null_path = {40, 90, 55};
  return trial;
}

using Spoil = std::function<void(TrialRecord&, std::size_t index)>;

CaseResult made(const Options& changes, const Spoil& spoil = {}) {
  const auto method = latency_method().make(options_with(changes));
  std::vector<CaseResult> cases(1);
  for (int round = 0; round < method->rounds(); ++round)
    while (const auto step = method->next(cases[0], round)) {
      TrialRecord trial = measured(*step, round);
      trial.index = static_cast<int>(cases[0].trials.size());
      if (spoil) spoil(trial, cases[0].trials.size());
      cases[0].trials.push_back(trial);
      if (cases[0].trials.size() > 500) break;
    }
  EXPECT_EQ(method->trials_left(cases[0]), 0u);
  method->conclude(cases);
  return std::move(cases[0]);
}

const Options kGiven = {{"pdr_pps", 1e6}, {"trials", std::int64_t{2}}};

TEST(Latency, EachRoundIsUnloadedAndTheSharesOfThePdrOnOneSession) {
  const CaseResult c = made(kGiven);
  std::vector<double> rates;
  for (const TrialRecord& trial : c.trials) rates.push_back(*trial.target_pps);
  EXPECT_EQ(rates, (std::vector<double>{1e3, 1e5, 5e5, 9e5, 1e3, 1e5, 5e5, 9e5}));
  const auto method = latency_method().make(options_with(kGiven));
  CaseResult begun;
  EXPECT_EQ(method->next(begun, 0)->start, Start::anew);
  begun.trials.push_back(c.trials.front());
  EXPECT_EQ(method->next(begun, 0)->start, Start::kept);
  EXPECT_TRUE(method->next(begun, 0)->plan.delays);
}

TEST(Latency, ALoadIsTheSumOfItsTrials) {
  const CaseResult c = made(kGiven);
  ASSERT_EQ(c.latency.size(), 4u);
  EXPECT_EQ(c.status, CaseStatus::ok);
  const LatencyLoad& half = c.latency[2];
  EXPECT_EQ(half.load, "50%");
  EXPECT_EQ(half.target_pps, 5e5);
  EXPECT_EQ(half.trials, 2u);
  EXPECT_EQ(half.sum.count, 20'000u);
  EXPECT_EQ(half.sum.lost, 6);
  EXPECT_NEAR(*half.ns.p50, 5e5, 500);
  EXPECT_NEAR(*half.ns.p99, 5e5, 500);
  EXPECT_NEAR(*half.ns.p99_9, 1e6, 1000);
  EXPECT_NEAR(*half.ns.max, 1e6, 1000);
  EXPECT_EQ(half.late_ns.max, 50.0);
  EXPECT_EQ(half.late_ns.p99, std::nullopt) << "of two frames";
  EXPECT_EQ(half.sum.null_path.p99_ns, 90.0);
  EXPECT_EQ(measure::Histogram::decode(half.sum.histograms.at(0))->count(), 20'000u);
  EXPECT_EQ(c.metrics.at(0).name, "p50 at unloaded");
  EXPECT_EQ(c.metrics.at(0).by_round.size(), 2u);
}

TEST(Latency, WithoutAPdrItIsFoundFirstAndItsTrialsAreNone) {
  const CaseResult c = made({{"trials", std::int64_t{1}}});
  ASSERT_EQ(c.references.size(), 1u);
  EXPECT_EQ(c.references[0].what, "PDR");
  EXPECT_NEAR(*c.references[0].pps, 1e6, 3e4);
  EXPECT_GT(c.references[0].trials, 2u);
  ASSERT_EQ(c.latency.size(), 4u);
  EXPECT_EQ(c.latency[3].target_pps, 0.9 * *c.references[0].pps);
  EXPECT_EQ(c.trials.size(), c.references[0].trials + 4);
  for (std::size_t i = 0; i < c.references[0].trials; ++i) EXPECT_FALSE(c.trials[i].latency);
}

TEST(Latency, ADisturbedLoadIsMadeAgainAndNotCounted) {
  const auto disturb = [](TrialRecord& trial, std::size_t index) {
    if (index != 1) return;
    trial.status = TrialStatus::invalid;
    trial.disturbed = true;
    trial.conserved = true;
  };
  const CaseResult c = made({{"pdr_pps", 1e6}, {"trials", std::int64_t{1}}}, disturb);
  ASSERT_EQ(c.trials.size(), 5u);
  EXPECT_EQ(*c.trials[1].target_pps, 1e5);
  EXPECT_EQ(*c.trials[2].target_pps, 1e5);
  EXPECT_EQ(c.latency[1].trials, 1u);
}

TEST(Latency, ALoadThatIsAlwaysDisturbedIsGivenUpAndTheNextIsMade) {
  const auto disturb = [](TrialRecord& trial, std::size_t) {
    if (*trial.target_pps != 1e5) return;
    trial.status = TrialStatus::invalid;
    trial.disturbed = true;
    trial.conserved = true;
  };
  const CaseResult c = made(
      {{"pdr_pps", 1e6}, {"trials", std::int64_t{1}}, {"max_repeats", std::int64_t{2}}}, disturb);
  EXPECT_EQ(c.trials.size(), 6u);
  ASSERT_EQ(c.latency.size(), 3u);
  EXPECT_EQ(c.latency[1].load, "50%");
}

TEST(Latency, WhatWasTamperedWithIsLeftOut) {
  const CaseResult c = made(kGiven, [](TrialRecord& trial, std::size_t index) {
    if (index % 4 == 0) trial.latency->histograms = {"HIST"};
  });
  ASSERT_EQ(c.latency.size(), 3u);
  EXPECT_EQ(c.latency[0].load, "10%");
}

TEST(Latency, RefusesLoadsThatAreNone) {
  EXPECT_EQ(refused({}), "");
  EXPECT_NE(refused({{"loads", std::string()}}), "");
  EXPECT_NE(refused({{"loads", std::string("150%")}}).find("above 100%"), std::string::npos);
  EXPECT_NE(refused({{"loads", std::string("10%, max")}}).find("no frame is due"),
            std::string::npos);
  EXPECT_NE(refused({{"loads", std::string("10%, 10%")}}), "");
}

TEST(Percentiles, ThoseThatNoFrameIsBeyondAreMissing) {
  std::vector<std::uint64_t> values(1000, 5);
  EXPECT_EQ(percentiles_of(delays_of(values)).p99_9, 5.0);
  EXPECT_EQ(percentiles_of(delays_of(values)).p99_99, std::nullopt);
  values.pop_back();
  EXPECT_EQ(percentiles_of(delays_of(values)).p99_9, std::nullopt);
  EXPECT_EQ(percentiles_of(delays_of({7})).p50, std::nullopt);
  EXPECT_EQ(percentiles_of(delays_of({7})).max, 7.0);
  EXPECT_EQ(percentiles_of({}).max, std::nullopt);
}

}  // namespace
}  // namespace pktbench::method
