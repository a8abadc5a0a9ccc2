#include "harness/method/search/first_guess.hpp"

#include <gtest/gtest.h>

#include <random>

#include "harness/method/method_test_util.hpp"
#include "harness/method/search/search.hpp"

namespace pktbench::method {
namespace {

// One search of a device that loses what is above its capacity, which varies by 0.5%.
CaseResult one_search(const std::string& guess, double capacity_pps) {
  auto random = std::make_shared<std::mt19937_64>(5);
  auto noise = std::make_shared<std::normal_distribution<double>>(1, 0.005);
  const Options options = options_of(
      search_method(), {{"searches", std::int64_t{1}}, {"floor_share", 0.0}, {kGuess, guess}});
  return run_method(search_method(), options, [=] { return capacity_pps * (*noise)(*random); });
}

std::string found_by(const CaseResult& c) {
  const auto guess = first_guess(options_of(search_method(), {}), c);
  return guess ? guesses_text({{c.spec.id, *guess}}) : "";
}

TEST(FirstGuess, WhatASearchFoundSparesAnotherItsLook) {
  const CaseResult first = one_search("", 1e6);
  EXPECT_FALSE(first.guess);
  const std::string guess = found_by(first);
  const auto parsed = parse_guesses(guess);
  ASSERT_TRUE(parsed) << parsed.error().message;
  ASSERT_EQ(parsed->size(), 1u);
  EXPECT_NEAR(parsed->at(first.spec.id).mean_pps, 1e6, 5000);
  EXPECT_NEAR(parsed->at(first.spec.id).deviation_pps, 5000, 3000);
  const CaseResult second = one_search(guess, 1e6);
  ASSERT_TRUE(second.guess);
  EXPECT_TRUE(second.guess->held);
  EXPECT_NE(second.trials.front().target_pps, std::nullopt);
  for (const GoalResult& goal : second.goals) {
    EXPECT_TRUE(goal.regular) << goal.reason;
    EXPECT_NEAR(*goal.conditional_pps, 1e6, 10'000);
  }
}

// Twice and half as fast as the device that was searched.
TEST(FirstGuess, AWrongOneEndsRightAndIsSaidNotToHaveHeld) {
  const std::string guess = found_by(one_search("", 1e6));
  for (const double capacity_pps : {2e6, 0.5e6}) {
    const CaseResult c = one_search(guess, capacity_pps);
    SCOPED_TRACE(capacity_pps);
    ASSERT_TRUE(c.guess);
    EXPECT_FALSE(c.guess->held);
    ASSERT_EQ(c.goals.size(), 2u);
    for (const GoalResult& goal : c.goals) {
      EXPECT_TRUE(goal.regular) << goal.reason;
      EXPECT_NEAR(*goal.conditional_pps, capacity_pps, 0.01 * capacity_pps);
    }
  }
}

TEST(FirstGuess, OfAnotherCaseIsNone) {
  const CaseResult c = one_search("another/drop/64B/1q/1f = 1000000 +- 5000 of 3000000", 1e6);
  EXPECT_FALSE(c.guess);
  EXPECT_EQ(c.trials.size(), one_search("", 1e6).trials.size());
  // Nothing was lost, so that no place is known where it begins.
  EXPECT_EQ(found_by(one_search("", 1e9)), "");
}

TEST(FirstGuess, IsReadAsItWasWritten) {
  const auto read = parse_guesses("a = b/c = 10 +- 0 of 20; d = 1500000 +- 2.5 of 3e6;");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(guesses_text(*read), "a = b/c = 10 +- 0 of 20; d = 1500000 +- 2 of 3000000");
  EXPECT_TRUE(parse_guesses("")->empty());
  for (const char* text : {"x", "x = 1", "x = 1 +- 2", "x = 1 of 2", "= 1 +- 2 of 3",
                           "x = 0 +- 1 of 2", "x = 1 +- -1 of 2", "x = nan +- 1 of 2",
                           "x = 1 +- 2 of 3 4", "x = 1 +- 2 of 3 y = 1 +- 2 of 3"}) {
    const auto parsed = parse_guesses(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_input);
    EXPECT_NE(
        search_method().refuses(options_of(search_method(), {{kGuess, std::string(text)}}), 1), "");
  }
}

}  // namespace
}  // namespace pktbench::method
