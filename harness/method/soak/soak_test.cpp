#include "harness/method/soak/soak.hpp"

#include <gtest/gtest.h>

#include <random>

#include "harness/core/lookup.hpp"
#include "harness/method/method_test_util.hpp"

namespace pktbench::method {
namespace {

Options soak_with(Options changes) {
  changes.try_emplace("pdr_pps", 1e6);
  changes.try_emplace("duration_s", 300.0);
  return options_of(soak_method(), changes);
}

const SoakDrift& drift(const CaseResult& c, const std::string& value) {
  return *find_by(c.soak_drifts, value, &SoakDrift::value);
}

TEST(Soak, TakesItsWindowsAtOneLoadOnOneSession) {
  std::vector<Step> steps;
  const CaseResult c = run_method(
      soak_method(), soak_with({}), [] { return 1e6; }, {}, &steps);
  ASSERT_EQ(steps.size(), 60u);
  EXPECT_EQ(steps[0].start, Start::anew);
  for (const Step& step : steps) {
    EXPECT_EQ(step.plan.rate_pps, 0.5e6);
    EXPECT_EQ(step.plan.duration_s, 5);
  }
  EXPECT_EQ(steps[59].start, Start::kept);
  ASSERT_EQ(c.soak_windows.size(), 60u);
  EXPECT_NEAR(c.soak_windows[1].at_s - c.soak_windows[0].at_s, 5.2, 1e-9);
  EXPECT_FALSE(drift(c, "received_pps").found);
  EXPECT_EQ(c.status, CaseStatus::ok);
}

TEST(Soak, ItsPdrIsFoundFirstAndIsNoWindow) {
  const CaseResult c = run_method(soak_method(), soak_with({{"pdr_pps", 0.0}}), [] { return 1e6; });
  ASSERT_EQ(c.references.size(), 1u);
  EXPECT_EQ(c.soak_windows.size(), 60u);
  EXPECT_EQ(c.trials.size(), 60 + c.references[0].trials);
  EXPECT_EQ(c.soak_windows[0].trial, static_cast<int>(c.references[0].trials));
}

TEST(Soak, ADriftOfTheDeviceAndGrowthOfItsMemoryAreFound) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> noise(1, 0.003);
  const auto measured = [&](double slower_per_window, double bytes_per_window) {
    return run_method(
        soak_method(), soak_with({{"load", std::string("max")}}), [] { return 1e6; },
        [&](TrialRecord& trial, std::size_t i) {
          *trial.received_pps *= noise(random) * (1 - slower_per_window * static_cast<double>(i));
          trial.rss_bytes =
              50'000'000 + static_cast<std::uint64_t>(bytes_per_window * static_cast<double>(i) +
                                                      1e5 * noise(random));
          trial.open_fds = 40;
        });
  };
  const CaseResult still = measured(0, 0);
  for (const SoakDrift& d : still.soak_drifts) EXPECT_FALSE(d.found) << d.value;
  const CaseResult drifts = measured(0.001, 4000);
  EXPECT_TRUE(drift(drifts, "received_pps").found);
  // 0.1% a window of 5.2 s.
  EXPECT_NEAR(*drift(drifts, "received_pps").per_hour, -1e6 * 0.001 * 3600 / 5.2, 1e5);
  EXPECT_TRUE(drift(drifts, "rss_bytes").found);
  EXPECT_NEAR(*drift(drifts, "rss_bytes").per_hour, 4000 * 3600 / 5.2, 4e5);
  EXPECT_FALSE(drift(drifts, "open_fds").found);
}

TEST(Soak, ADisturbedWindowIsShownAndNotMadeAgain) {
  const CaseResult c = run_method(
      soak_method(), soak_with({}), [] { return 1e6; },
      [](TrialRecord& trial, std::size_t i) {
        trial.loss_ratio = i == 33 ? 0.02 : 0.001;
        if (i != 10) return;
        trial.status = TrialStatus::invalid;
        trial.disturbed = true;
        trial.loss_ratio = 0.5;
      });
  ASSERT_EQ(c.soak_windows.size(), 60u);
  EXPECT_FALSE(c.soak_windows[10].counts);
  EXPECT_TRUE(c.soak_windows[11].anew);
  EXPECT_FALSE(c.soak_windows[12].anew);
  EXPECT_EQ(drift(c, "loss_ratio").n, 59u);
  EXPECT_EQ(worst_window(c)->trial, 33);
  EXPECT_EQ(c.status, CaseStatus::ok);
}

TEST(Soak, IsInvalidWhereCountsDoNotAddUpOrMostWindowsAreDisturbed) {
  const auto change = [](bool disturbed, std::size_t from) {
    return [=](TrialRecord& trial, std::size_t i) {
      if (i < from) return;
      trial.status = TrialStatus::invalid;
      trial.reason = "7 frames are unaccounted for";
      trial.disturbed = disturbed;
    };
  };
  const auto soaked = [&](const Change& changed) {
    return run_method(
        soak_method(), soak_with({}), [] { return 1e6; }, changed);
  };
  const CaseResult broken = soaked(change(false, 59));
  EXPECT_EQ(broken.status, CaseStatus::invalid);
  EXPECT_NE(broken.reason.find("7 frames"), std::string::npos) << broken.reason;
  EXPECT_EQ(soaked(change(true, 20)).status, CaseStatus::invalid);
  EXPECT_EQ(soaked(change(true, 40)).status, CaseStatus::ok);
}

TEST(Soak, RefusesWhatIsNoLoadOrShorterThanAWindow) {
  const MethodType type = soak_method();
  EXPECT_EQ(type.refuses(soak_with({}), 1), "");
  for (const char* load : {"0%", "1000%", "", "10%, 20%"})
    EXPECT_EQ(type.refuses(soak_with({{"load", std::string(load)}}), 1).rfind("load: ", 0), 0u)
        << load;
  EXPECT_NE(type.refuses(soak_with({{"duration_s", 2.0}}), 1), "");
}

}  // namespace
}  // namespace pktbench::method
