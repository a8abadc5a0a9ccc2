#include "harness/method/search/search.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/method/method_test_util.hpp"
#include "harness/method/search/loss_search.hpp"

namespace pktbench::method {
namespace {

Options search_options_with(const Options& changes) { return options_of(search_method(), changes); }

std::vector<CaseResult> searched(const Options& options, double capacity,
                                 const Change& change = {}) {
  return {run_method(
      search_method(), options, [=] { return capacity; }, change)};
}

TEST(Search, FindsItsGoalsInEveryRoundOnOneSession) {
  const Options options = search_options_with({{"searches", std::int64_t{2}}});
  const auto method = search_method().make(options);
  EXPECT_EQ(method->next({}, 0)->start, Start::anew);
  EXPECT_EQ(method->next({}, 0)->plan.rate_pps, std::nullopt);
  const auto cases = searched(options, 1e6);
  ASSERT_EQ(cases[0].goals.size(), 4u);
  for (const GoalResult& goal : cases[0].goals) {
    EXPECT_TRUE(goal.regular) << goal.reason;
    EXPECT_LE(*goal.lower_pps, 1e6 / (1 - goal.loss_ratio) + 1);
    EXPECT_GT(*goal.upper_pps, 1e6 / (1 - goal.loss_ratio) - 1);
    EXPECT_NEAR(*goal.conditional_pps, 1e6, 5000);
    EXPECT_GT(goal.seconds, 30);
  }
  EXPECT_EQ(cases[0].goals[3].name, "PDR");
  EXPECT_EQ(cases[0].goals[3].round, 1);
  ASSERT_EQ(cases[0].metrics.size(), 2u);
  EXPECT_EQ(cases[0].metrics[0].name, "NDR");
  EXPECT_EQ(cases[0].metrics[0].by_round.size(), 2u);
  EXPECT_EQ(cases[0].limiter, Limiter::dut);
  EXPECT_EQ(cases[0].status, CaseStatus::ok);
  for (const TrialRecord& trial : cases[0].trials) EXPECT_FALSE(*trial.in_summary);
  EXPECT_FALSE(method->next(cases[0], 0));
  EXPECT_EQ(method->trials_left(cases[0]), 0u);
}

TEST(Search, LaterSearchesBeginWithWhatTheFirstFound) {
  const auto cases = searched(search_options_with({{"searches", std::int64_t{3}}}), 1e6);
  ASSERT_EQ(cases[0].goals.size(), 6u);
  EXPECT_LT(cases[0].goals[2].trials, cases[0].goals[0].trials);
  EXPECT_EQ(cases[0].goals[4].trials, cases[0].goals[2].trials);
  for (const GoalResult& goal : cases[0].goals) EXPECT_TRUE(goal.regular) << goal.reason;
}

TEST(Search, AHeldGeneratorSaysNothingForTheDevice) {
  const Options options = search_options_with({{"searches", std::int64_t{1}}});
  // Pause frames, or refusals on a wire, hold the loss at none above 0.8 Mpps.
  const auto held = [&](const Change& how) {
    return searched(options, 1e9, [&](TrialRecord& trial, std::size_t i) {
      if (trial.target_pps.value_or(3e6) > 0.8e6) how(trial, i);
    });
  };
  const auto paused = held([](TrialRecord& trial, std::size_t) { trial.pause_frames = 12; })[0];
  EXPECT_EQ(paused.limiter, Limiter::link);
  EXPECT_EQ(paused.goals[0].reason, kPaused);
  EXPECT_LE(*paused.goals[0].lower_pps, 0.8e6);
  const auto refusing = [](bool on_wire) {
    return [on_wire](TrialRecord& trial, std::size_t) {
      trial.on_wire = on_wire;
      trial.offered.refused = trial.offered.packets;
    };
  };
  const auto refused = held(refusing(true))[0];
  EXPECT_EQ(refused.limiter, Limiter::generator);
  EXPECT_EQ(refused.goals[0].reason, kNotOffered);
  EXPECT_LE(*refused.goals[0].lower_pps, 0.8e6);
  // Without a wire the device itself refuses: the frame was offered.
  EXPECT_DOUBLE_EQ(*held(refusing(false))[0].goals[0].lower_pps, 3e6);
}

TEST(Search, TheFloorOfLossIsMeasuredOnceBelowWhatWasFound) {
  const auto lossy = [](std::uint64_t lost) {
    return [lost](TrialRecord& trial, std::size_t) {
      trial.received.packets -= std::min(lost, trial.received.packets);
    };
  };
  auto c = searched(search_options_with({{"goals", std::string("PDR=0.5%")}}), 1e6, lossy(20))[0];
  EXPECT_NEAR(c.floor.load_pps, *c.goals[0].lower_pps / 10, 1);
  EXPECT_NEAR(static_cast<double>(c.floor.offered), c.floor.load_pps, 1);
  EXPECT_EQ(c.floor.lost, 20u);
  EXPECT_EQ(std::ranges::count_if(c.trials,
                                  [&](const auto& t) { return t.target_pps == c.floor.load_pps; }),
            1);
  Legend legend;
  search_method().explain({c}, legend);
  EXPECT_NE(legend.notes().back().find("Floor of loss"), std::string::npos);
  EXPECT_NE(legend.notes().back().find(": 0.02%, 20 of"), std::string::npos)
      << legend.notes().back();
  // Where no load is low enough, the lowest is the floor.
  c = searched(search_options_with({{"goals", std::string("NDR=0%")}}), 1e6, lossy(3))[0];
  EXPECT_FALSE(c.goals[0].regular);
  EXPECT_EQ(c.floor.load_pps, 1000);
  EXPECT_GE(c.floor.lost, 3u);
  c = searched(search_options_with({{"floor_share", 0.0}}), 1e6)[0];
  EXPECT_EQ(c.floor.offered, 0u);
}

TEST(Search, ADisturbedTrialIsMadeAgainAtTheSameLoad) {
  const Options options = search_options_with({{"searches", std::int64_t{1}}});
  const auto still = searched(options, 1e6);
  const auto disturbed = searched(options, 1e6, [](TrialRecord& trial, std::size_t i) {
    if (i % 3 != 1) return;
    trial.status = TrialStatus::invalid;
    trial.disturbed = true;
    trial.received.packets /= 2;
  });
  EXPECT_EQ(disturbed[0].goals[0].trials, still[0].goals[0].trials);
  EXPECT_EQ(disturbed[0].goals[0].lower_pps, still[0].goals[0].lower_pps);
}

TEST(Search, EndsWhereTheMachineIsDisturbedForGoodOrTheCountsAreWrong) {
  const Options options = search_options_with({{"searches", std::int64_t{1}}});
  const auto disturbed = searched(options, 1e6, [](TrialRecord& trial, std::size_t i) {
    trial.disturbed = i >= 10;
    if (trial.disturbed) trial.status = TrialStatus::invalid;
  });
  EXPECT_EQ(disturbed[0].trials.size(), 14u);
  EXPECT_FALSE(disturbed[0].goals[0].regular);
  EXPECT_EQ(disturbed[0].goals[0].reason, "its last trials were disturbed");
  EXPECT_EQ(disturbed[0].limiter, Limiter::unknown);
  EXPECT_TRUE(disturbed[0].metrics[0].by_round.empty());
  const auto broken = searched(options, 1e6, [](TrialRecord& trial, std::size_t i) {
    if (i == 7) trial.status = TrialStatus::invalid;
  });
  EXPECT_EQ(broken[0].trials.size(), 8u);
  EXPECT_EQ(broken[0].goals[0].reason, "a trial's counts do not add up");
}

TEST(Search, ALimitOfTheGeneratorOrOfTheLinkIsNoneOfTheDevice) {
  const Options options = search_options_with({{"searches", std::int64_t{1}}});
  auto cases = searched(options, 1e9);
  EXPECT_EQ(cases[0].limiter, Limiter::generator);
  EXPECT_DOUBLE_EQ(*cases[0].goals[0].lower_pps, 3e6);
  cases =
      searched(options, 1e9, [](TrialRecord& trial, std::size_t) { trial.line_rate_pps = 2e6; });
  EXPECT_EQ(cases[0].limiter, Limiter::link);
  EXPECT_DOUBLE_EQ(*cases[0].goals[0].lower_pps, 2e6);
  EXPECT_FALSE(cases[0].goals[0].regular);
}

TEST(Search, TheLastBurstOfAWindowIsNotMissed) {
  const Options options = search_options_with({{"searches", std::int64_t{1}}});
  const auto cases = searched(options, 1e6, [](TrialRecord& trial, std::size_t) {
    if (trial.target_pps) trial.offered.unsent = trial.offered.packets / 20'000;
  });
  for (const GoalResult& goal : cases[0].goals) EXPECT_TRUE(goal.regular) << goal.reason;
}

TEST(Search, FramesThatDoNotComeBackAreLost) {
  const Options options = search_options_with({{"searches", std::int64_t{1}}});
  const auto cases = searched(options, 1e9, [](TrialRecord& trial, std::size_t) {
    ReturnRecord back;
    back.sent_back = trial.received.packets;
    back.packets =
        std::min(back.sent_back, static_cast<std::uint64_t>(std::llround(1e6 * trial.duration_s)));
    trial.returned = back;
  });
  EXPECT_NEAR(*cases[0].goals[0].lower_pps, 1e6, 5001);
}

TEST(Search, RefusesGoalsThatAreNone) {
  const MethodType type = search_method();
  EXPECT_EQ(type.refuses(search_options_with({}), 3), "");
  EXPECT_EQ(type.refuses(search_options_with({{"goals", std::string("a=0%,b=1.5%, RFC2544")}}), 3),
            "");
  const std::pair<const char*, const char*> kWrong[] = {
      {"", "no name"},          {"NDR", "no name"},          {"NDR=150%", "every frame"},
      {"NDR=-1%", "no name"},   {"NDR=0", "no name"},        {"NDR=0%,NDR=1%", "twice"},
      {"NDR=1.2.3%", "number"}, {"NDR=0%,,P=1%", "no name"}, {"1=0%", "no name"},
      {"NDR=nan%", "no name"}};
  for (const auto& [goals, why] : kWrong)
    EXPECT_NE(type.refuses(search_options_with({{"goals", std::string(goals)}}), 1).find(why),
              std::string::npos)
        << goals;
  EXPECT_NE(type.refuses(search_options_with({{"max_pps", 10.0}}), 1), "");
  EXPECT_NE(type.refuses(search_options_with({{"duration_sum_s", 0.5}}), 1), "");
}

}  // namespace
}  // namespace pktbench::method
