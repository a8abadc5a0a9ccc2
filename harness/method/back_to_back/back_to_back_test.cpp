#include "harness/method/back_to_back/back_to_back.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/method/method_test_util.hpp"

namespace pktbench::method {
namespace {

constexpr double kBurstPps = 3e6;  // of trial_of()

Options bursts_with(Options changes) {
  changes.try_emplace("tests", std::int64_t{1});
  return options_of(back_to_back_method(), changes);
}

// A device that forwards `capacity` and holds `buffer` frames.
Change buffered(double capacity, double buffer, const Change& more = {}) {
  return [=](TrialRecord& trial, std::size_t i) {
    if (trial.burst_frames) {
      const auto frames = static_cast<double>(*trial.burst_frames);
      trial.offered.packets = *trial.burst_frames;
      const double held = buffer + frames / kBurstPps * capacity;
      trial.received.packets = static_cast<std::uint64_t>(std::floor(std::min(frames, held)));
    }
    if (more) more(trial, i);
  };
}

CaseResult burst(const Options& options, double capacity, double buffer, const Change& more = {},
                 std::vector<Step>* steps = nullptr) {
  return run_method(
      back_to_back_method(), options, [=] { return capacity; }, buffered(capacity, buffer, more),
      steps);
}

TEST(BackToBack, FindsTheBufferWhateverIsForwardedMeanwhile) {
  for (const double capacity : {0.5e6, 1e6, 2e6})
    for (const double buffer : {256.0, 4096.0, 100'000.0}) {
      const CaseResult c =
          burst(bursts_with({{"pdr_pps", capacity}, {"tests", std::int64_t{3}}}), capacity, buffer);
      ASSERT_EQ(c.bursts.size(), 3u);
      const BurstSummary s = summarize_bursts(c);
      EXPECT_TRUE(s.regular);
      EXPECT_EQ(s.n, 3u);
      EXPECT_EQ(*s.stdev, 0);
      EXPECT_NEAR(*s.mean / (buffer / (1 - capacity / kBurstPps)), 1, 0.011);
      EXPECT_NEAR(*s.corrected_s * kBurstPps / buffer, 1, 0.011) << capacity << " " << buffer;
      EXPECT_EQ(c.limiter, Limiter::dut);
      EXPECT_EQ(c.status, CaseStatus::ok);
      ASSERT_EQ(c.metrics.size(), 2u);
      EXPECT_EQ(c.metrics[0].by_round.size(), 3u);
    }
}

TEST(BackToBack, TheThroughputIsSearchedFirstAndOnce) {
  std::vector<Step> steps;
  const CaseResult c = burst(bursts_with({{"tests", std::int64_t{2}}}), 1e6, 4096, {}, &steps);
  ASSERT_EQ(c.references.size(), 1u);
  EXPECT_NEAR(*c.references[0].pps, 1e6, 0.03e6);
  const std::uint64_t bursts = c.bursts[0].trials + c.bursts[1].trials;
  EXPECT_EQ(steps.size(), c.references[0].trials + bursts);
  EXPECT_EQ(*steps[c.references[0].trials].plan.burst_frames, 6'000'000u);
  EXPECT_EQ(steps[c.references[0].trials].plan.rate_pps, std::nullopt);
  EXPECT_NEAR(*summarize_bursts(c).corrected_s * kBurstPps, 4096, 160);
}

TEST(BackToBack, ALineSetsTheRateOfABurst) {
  const auto line = [](TrialRecord& trial, std::size_t) { trial.line_rate_pps = 1.5e6; };
  const CaseResult c = burst(bursts_with({{"pdr_pps", 1e6}}), 1e6, 4096, line);
  EXPECT_EQ(c.bursts[0].burst_pps, 1.5e6);
}

TEST(BackToBack, WhatTheLongestBurstDoesNotFillIsALowerBound) {
  const CaseResult c = burst(bursts_with({{"pdr_pps", 1e6}}), 1e6, 1e9);
  ASSERT_EQ(c.bursts.size(), 1u);
  EXPECT_FALSE(c.bursts[0].regular);
  EXPECT_EQ(c.bursts[0].longest, 6'000'000u);
  EXPECT_EQ(c.limiter, Limiter::generator);
  EXPECT_TRUE(c.metrics.empty());
  EXPECT_EQ(back_to_back_method().columns({c})[0].cell(c), "≥6000000");
}

TEST(BackToBack, AThroughputThatIsALowerBoundCorrectsNothing) {
  const CaseResult c = burst(bursts_with({}), 1e9, 4096);
  ASSERT_FALSE(c.references[0].regular);
  ASSERT_EQ(c.bursts.size(), 1u);
  EXPECT_TRUE(c.bursts[0].buffer_s);
  EXPECT_EQ(c.bursts[0].corrected_s, std::nullopt);
  EXPECT_EQ(summarize_bursts(c).corrected_s, std::nullopt);
}

TEST(BackToBack, EndsWhereBurstsAreNotSentWholeOrTheMachineIsDisturbedForGood) {
  const Options given = bursts_with({{"pdr_pps", 1e6}});
  CaseResult c = burst(given, 1e6, 4096, [](TrialRecord& trial, std::size_t) {
    if (trial.burst_frames && *trial.burst_frames > 100'000) trial.offered.packets = 100'000;
  });
  EXPECT_EQ(c.bursts[0].reason, "a burst was not sent whole in time");
  c = burst(given, 1e6, 4096, [](TrialRecord& trial, std::size_t i) {
    if (i < 5) return;
    trial.status = TrialStatus::invalid;
    trial.disturbed = true;
  });
  EXPECT_EQ(c.trials.size(), 9u);
  EXPECT_FALSE(c.bursts[0].regular);
  // Nor for ever where no trial shows how fast a burst is.
  c = burst(given, 1e6, 4096, [](TrialRecord& trial, std::size_t) {
    trial.status = TrialStatus::invalid;
    trial.disturbed = true;
    trial.reason = "disturbed";
  });
  EXPECT_EQ(c.trials.size(), 4u);
  EXPECT_TRUE(c.bursts.empty());
  EXPECT_EQ(c.status, CaseStatus::invalid);
}

}  // namespace
}  // namespace pktbench::method
