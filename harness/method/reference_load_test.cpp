#include "harness/method/reference_load.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "harness/method/method_test_util.hpp"
#include "harness/method/trial_options.hpp"

namespace pktbench::method {
namespace {

Options reference_options_with(const Options& changes) {
  Options options;
  for (const auto& list : {reference_options(), trial_options()})
    for (const OptionSpec& o : list) options[o.name] = o.default_value;
  for (const auto& [name, value] : changes) options[name] = value;
  return options;
}

ReferenceState found(const Options& options, const std::function<double()>& capacity,
                     const Change& change = {}, CaseResult* into = nullptr) {
  const ReferenceLoad reference(reference_options_with(options), 0.05);
  CaseResult c;
  ReferenceState state = reference.of(c, 0);
  while (state.next && c.trials.size() < 500) {
    TrialRecord trial = trial_of(*state.next, capacity());
    if (change) change(trial, c.trials.size());
    c.trials.push_back(trial);
    state = reference.of(c, 0);
  }
  if (into) *into = c;
  return state;
}

TEST(ReferenceLoad, IsThePdrWithinItsWidthInSeconds) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> noise(1, 0.01);
  double worst_s = 0;
  double sum_s = 0;
  for (int i = 0; i < 100; ++i) {
    const ReferenceState state = found({}, [&] { return 1e6 * noise(random); });
    ASSERT_TRUE(state.found.regular) << state.found.reason;
    EXPECT_NEAR(*state.found.pps, 1e6 / 0.995, 0.03e6);
    EXPECT_GT(*state.found.upper_pps, *state.found.pps);
    EXPECT_EQ(state.found.trials, state.trials);
    worst_s = std::max(worst_s, state.found.seconds);
    sum_s += state.found.seconds;
  }
  std::printf("a reference load: mean %.1f s, at most %.1f s of 100 searches\n", sum_s / 100,
              worst_s);
  EXPECT_LE(sum_s / 100, 8);
}

TEST(ReferenceLoad, TrialsOfTheLoadsAreNotItsOwn) {
  CaseResult c;
  const ReferenceState alone = found(
      {}, [] { return 1e6; }, {}, &c);
  EXPECT_EQ(alone.trials, c.trials.size());
  EXPECT_EQ(c.trials.front().target_pps, std::nullopt);
  Step load;
  load.plan.rate_pps = 2.9e6;  // would be a bound
  for (int i = 0; i < 9; ++i) c.trials.push_back(trial_of(load, 1e6));
  const ReferenceState after = ReferenceLoad(reference_options_with({}), 0.05).of(c, 0);
  EXPECT_FALSE(after.next);
  EXPECT_EQ(after.trials, alone.trials);
  EXPECT_EQ(after.found.pps, alone.found.pps);
  // Another round has one of its own.
  const ReferenceState other = ReferenceLoad(reference_options_with({}), 0.05).of(c, 1);
  ASSERT_TRUE(other.next);
  EXPECT_EQ(other.next->start, Start::anew);
  EXPECT_EQ(other.trials, 0u);
}

TEST(ReferenceLoad, WhatTheGeneratorCannotExceedIsTheLeastThatItIs) {
  const ReferenceState state = found({}, [] { return 1e9; });
  EXPECT_FALSE(state.found.regular);
  EXPECT_EQ(state.found.reason, kGreatestLoad);
  EXPECT_DOUBLE_EQ(*state.found.pps, 3e6);
}

TEST(ReferenceLoad, HasNoneWhereEveryLoadLosesOrTheTrialsSayNothing) {
  const auto loses = [](TrialRecord& t, std::size_t) { t.received.packets /= 2; };
  EXPECT_FALSE(found(
                   {}, [] { return 1e9; }, loses)
                   .found.pps);
  const auto broken = [](TrialRecord& t, std::size_t i) {
    if (i == 5) t.status = TrialStatus::invalid;
  };
  const ReferenceState wrong = found(
      {}, [] { return 1e6; }, broken);
  EXPECT_EQ(wrong.trials, 6u);
  EXPECT_EQ(wrong.found.reason, kBroken);
  EXPECT_FALSE(wrong.found.pps);
  const auto disturbed = [](TrialRecord& t, std::size_t) {
    t.status = TrialStatus::invalid;
    t.disturbed = true;
  };
  const ReferenceState noisy = found(
      {}, [] { return 1e6; }, disturbed);
  EXPECT_EQ(noisy.trials, 4u);
  EXPECT_EQ(noisy.found.reason, kDisturbed);
  EXPECT_FALSE(noisy.found.pps);
}

// Whatever its search had come to when it was cut off.
TEST(ReferenceLoad, ThatIsCutOffIsAboutWhereItsTrialsSay) {
  std::size_t whole = 0;
  {
    CaseResult c;
    found(
        {}, [] { return 1e6; }, {}, &c);
    whole = c.trials.size();
  }
  for (std::size_t ok = 1; ok < whole; ++ok) {
    SCOPED_TRACE(ok);
    const ReferenceState state = found(
        {}, [] { return 1e6; },
        [=](TrialRecord& t, std::size_t i) {
          t.disturbed = i >= ok;
          if (t.disturbed) t.status = TrialStatus::invalid;
        });
    ASSERT_TRUE(state.found.pps);
    EXPECT_FALSE(state.found.regular);
    EXPECT_EQ(state.found.reason, kDisturbed);
    EXPECT_NEAR(*state.found.pps, 1e6, 0.03e6);
  }
  const ReferenceState late = found({{"pdr_limit_s", 1.0}}, [] { return 1e6; });
  EXPECT_EQ(late.found.reason, kEndedEarly);
  EXPECT_TRUE(late.found.rough);
  EXPECT_NEAR(*late.found.pps, 1e6, 0.03e6);
}

TEST(ReferenceLoad, GivenIsTaken) {
  const ReferenceState state = found({{"pdr_pps", 123.0}}, [] { return 1e6; });
  EXPECT_EQ(state.found.pps, 123.0);
  EXPECT_EQ(state.found.what, "given");
  EXPECT_TRUE(state.found.regular);
  EXPECT_EQ(state.trials, 0u);
}

TEST(ReferenceLoad, LineRateTakesOneTrialAndWithoutALineIsWhatTheGeneratorOffers) {
  const Options line = {{"loads_of", std::string("line-rate")}};
  const ReferenceState none = found(line, [] { return 1e6; });
  EXPECT_EQ(none.found.pps, 3e6);
  EXPECT_EQ(none.found.what, "generator");
  EXPECT_EQ(none.trials, 1u);
  const ReferenceState with = found(
      line, [] { return 1e6; }, [](TrialRecord& t, std::size_t) { t.line_rate_pps = 1.488e6; });
  EXPECT_EQ(with.found.pps, 1.488e6);
  EXPECT_EQ(with.found.what, "line rate");
}

TEST(WantedLoads, AreSharesRatesAndTheFastest) {
  const auto loads = parse_loads(" 10%, 12.5% ,250000,max", 2);
  ASSERT_TRUE(loads) << loads.error().message;
  ASSERT_EQ(loads->size(), 4u);
  EXPECT_DOUBLE_EQ(*rate_of((*loads)[1], 1e6), 0.125e6);
  EXPECT_DOUBLE_EQ(*rate_of((*loads)[2], std::nullopt), 250'000);
  EXPECT_EQ(rate_of((*loads)[3], 1e6), std::nullopt);
  EXPECT_EQ((*loads)[1].name, "12.5%");
}

TEST(WantedLoads, ThatAreNoneAreRefused) {
  for (const char* text : {"", "0", "0%", "-5%", "1000%", "10%,", "10%,10%", "fast", "nan", "inf%"})
    EXPECT_FALSE(parse_loads(text, 2)) << text;
  EXPECT_TRUE(parse_loads("200%", 2));
}

}  // namespace
}  // namespace pktbench::method
