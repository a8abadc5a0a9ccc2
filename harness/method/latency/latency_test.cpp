#include "harness/method/latency/latency.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/measure/histogram.hpp"
#include "harness/method/latency/delay_watch.hpp"
#include "harness/method/latency/loads.hpp"
#include "harness/method/method_test_util.hpp"

namespace pktbench::method {
namespace {

std::string refused(const Options& changes) {
  const MethodType type = latency_method();
  return type.refuses(options_of(type, changes), 1);
}

measure::Histogram delays_of(const std::vector<std::uint64_t>& values) {
  measure::Histogram histogram;
  for (const std::uint64_t value : values) histogram.record(value);
  return histogram;
}

// A device that is as late as its load: 1 ns for each packet/s, and a frame in 100 twice that.
void stamp(TrialRecord& trial, std::size_t) {
  measure::Histogram delays;
  delays.record(static_cast<std::uint64_t>(*trial.target_pps), 9'900);
  delays.record(static_cast<std::uint64_t>(2 * *trial.target_pps), 100);
  trial.latency.emplace();
  trial.latency->stamp = "software";
  trial.latency->count = delays.count();
  trial.latency->lost = 3;
  trial.latency->histograms = {delays.encoded()};
  trial.latency->lateness = delays_of({50}).encoded();
  trial.latency->null_path = {40, 90, 55};
}

// All of its trials are stamped but those that the reference made.
CaseResult made(const Options& changes, const Change& spoil = {},
                std::vector<Step>* steps = nullptr) {
  std::vector<Step> all;
  CaseResult c = run_method(
      latency_method(), options_of(latency_method(), changes), [] { return 1e6; },
      [&](TrialRecord& trial, std::size_t index) {
        if (trial.target_pps) stamp(trial, index);
        if (spoil) spoil(trial, index);
      },
      steps ? steps : &all);
  const auto method = latency_method().make(options_of(latency_method(), changes));
  EXPECT_EQ(method->trials_left(c), 0u);
  return c;
}

const Options kGiven = {{"pdr_pps", 1e6}, {"trials", std::int64_t{2}}};

TEST(Latency, EachRoundIsUnloadedAndTheSharesOfThePdrOnOneSession) {
  std::vector<Step> steps;
  made(kGiven, {}, &steps);
  std::vector<double> rates;
  for (const Step& step : steps) {
    EXPECT_EQ(step.start, rates.size() % 4 == 0 ? Start::anew : Start::kept);
    EXPECT_TRUE(step.plan.delays);
    rates.push_back(*step.plan.rate_pps);
  }
  EXPECT_EQ(rates, (std::vector<double>{1e3, 1e5, 5e5, 9e5, 1e3, 1e5, 5e5, 9e5}));
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

TEST(Latency, WithoutAPdrItIsFoundOnceAndItsTrialsRecordNoDelays) {
  std::vector<Step> steps;
  const CaseResult c = made({{"trials", std::int64_t{2}}}, {}, &steps);
  ASSERT_EQ(c.references.size(), 1u);
  EXPECT_EQ(c.references[0].what, "PDR 0.5%");
  EXPECT_NEAR(*c.references[0].pps, 1e6, 3e4);
  EXPECT_GT(c.references[0].trials, 2u);
  ASSERT_EQ(c.latency.size(), 4u);
  EXPECT_EQ(c.latency[3].target_pps, 0.9 * *c.references[0].pps);
  EXPECT_EQ(c.latency[3].trials, 2u);
  EXPECT_EQ(steps.size(), c.references[0].trials + 8);
  for (std::size_t i = 0; i < steps.size(); ++i)
    EXPECT_EQ(steps[i].plan.delays, i >= c.references[0].trials) << i;
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

// 1,000 frames each; p99 is the value of most.
LatencyLoad load_with(std::uint64_t delay_ns, std::optional<std::uint64_t> late_ns) {
  measure::Histogram delays;
  measure::Histogram lateness;
  delays.record(delay_ns, 1000);
  if (late_ns) lateness.record(*late_ns, 1000);
  TrialRecord trial;
  trial.latency.emplace();
  trial.latency->stamp = "kernel";
  trial.latency->histograms = {delays.encoded()};
  trial.latency->lateness = lateness.encoded();
  return *sum_of("50%", {&trial});
}

TEST(LatencyLimiter, IsTheGeneratorWhereMoreThanHalfOfTheP99IsItsOwnLateness) {
  EXPECT_DOUBLE_EQ(*load_with(1000, 510).generator_share, 0.51);
  EXPECT_TRUE(load_with(1000, 510).generator_limits());
  EXPECT_FALSE(load_with(1000, 500).generator_limits());
  EXPECT_FALSE(load_with(1000, 0).generator_limits());
  EXPECT_EQ(load_with(1000, std::nullopt).generator_share, std::nullopt);
  EXPECT_EQ(load_with(0, 0).generator_share, std::nullopt) << "a share of nothing";
  CaseResult c;
  c.latency = {load_with(1000, 510)};
  const auto columns = latency_method().columns({c});
  EXPECT_EQ(columns.at(0).cell(c), "≤1.00/1.00/1.00/1.00");
  Legend legend;
  latency_method().explain({c}, legend);
  const auto says = [&](const std::string& words) {
    return std::ranges::any_of(legend.notes(), [&](const std::string& note) {
      return note.find(words) != std::string::npos;
    });
  };
  EXPECT_TRUE(says("is the generator's own lateness"));
  EXPECT_TRUE(says("until the kernel had it (one way; stamp: kernel)"));
  c.latency = {load_with(1000, 500)};
  EXPECT_EQ(columns.at(0).cell(c), "1.00/1.00/1.00/1.00");
}

TEST(LatencyTable, ARoundTripIsCalledOne) {
  CaseResult c;
  c.latency = {load_with(1000, 10)};
  c.latency[0].sum.one_way = false;
  c.latency[0].sum.stamp = "software";
  Legend legend;
  latency_method().explain({c}, legend);
  EXPECT_NE(legend.notes().at(0).find("until it was back at the generator (round trip"),
            std::string::npos);
}

TEST(KernelStamps, AClockThatIsSetInsideAWindowIsSaidAndOneThatIsReadBadlyIsNot) {
  EXPECT_EQ(clock_was_set({5'000'000, 30}, {5'001'000, 30}), "");
  EXPECT_EQ(clock_was_set({5'000'000, 900}, {5'002'700, 900}), "");
  EXPECT_NE(clock_was_set({5'000'000, 30}, {5'001'061, 30}).find("set by 1061 ns"),
            std::string::npos);
  EXPECT_NE(clock_was_set({5'000'000, 30}, {-5'000'000, 30}), "");
}

TEST(LatencyTable, EachEndOfARangeHasItsUnit) {
  const auto said = [](double least_ns, double most_ns) {
    CaseResult c;
    for (const double ns : {least_ns, most_ns}) {
      LatencyLoad load;
      load.load = "50%";
      load.sum.stamp = "software";
      load.late_ns.p99 = ns;
      c.latency.push_back(load);
    }
    Legend legend;
    latency_method().explain({c}, legend);
    std::string found;
    for (const std::string& note : legend.notes())
      if (note.find("late by") != std::string::npos) found = note;
    return found;
  };
  EXPECT_NE(said(750, 2000).find("late by 0.75 to 2.00 µs (p99"), std::string::npos);
  EXPECT_NE(said(750, 418e6).find("late by 0.75 µs to 418ms (p99"), std::string::npos);
  EXPECT_NE(said(418e6, 418e6).find("late by 418ms (p99"), std::string::npos);
}

}  // namespace
}  // namespace pktbench::method
