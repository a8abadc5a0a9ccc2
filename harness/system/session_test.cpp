// Several loads on one open session, against a device whose truth is known.
#include "harness/method/session.hpp"

#include <atomic>

#include "harness/system/simulated_run.hpp"

namespace pktbench::cli {
namespace {

// Passes everything on, and counts how often it is started.
class CountedStarts final : public Backend {
 public:
  CountedStarts(std::unique_ptr<Backend> real, int& starts)
      : real_(std::move(real)), starts_(starts) {}
  Result<EffectiveMode> start(const BackendConfig& config) override {
    ++starts_;
    return real_->start(config);
  }
  Result<Counters> sample() override { return real_->sample(); }
  std::vector<pid_t> threads() const override { return real_->threads(); }
  void stop() noexcept override { real_->stop(); }

 private:
  std::unique_ptr<Backend> real_;
  int& starts_;
};

class Sessions : public SimulatedRun {
 protected:
  Sessions() {
    for (BackendType& type : registry_.backends)
      type.make = [this, make = type.make] {
        return std::make_unique<CountedStarts>(make(), starts_);
      };
  }

  RunOutcome run_counted(const Scenario& s) {
    auto outcome = run_scenario(s, registry_, {}, notes_, stop_);
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().message);
    return std::move(*outcome);
  }

  int starts_ = 0;
  Registry registry_ = registry();
};

TEST_F(Sessions, MeasureEveryLoadWithoutAnotherStart) {
  const Scenario s = scenario(R"(["fake"])");
  auto testbed = find_by_name(registry_.testbeds, "simulated")->make();
  ASSERT_TRUE(testbed->up(s.testbeds.front().options, {}));
  std::vector<method::Tick> ticks;
  TrialPlan plan;
  auto session = method::Session::open(
      s.cases[0], plan, 7,
      {*testbed, find_by_name(registry_.backends, "fake")->make(),
       find_by_name(registry_.generators, "simulated")->make(), nullptr, "not in this test", false,
       [&](const method::Tick& tick) { ticks.push_back(tick); }},
      stop_);
  ASSERT_TRUE(session) << session.error().message;
  plan.duration_s = 0.5;
  plan.warmup_s = 0.1;
  for (const std::optional<double> rate :
       {std::optional(1000.0), std::optional(1.5e6), std::optional<double>(), std::optional(3e6),
        std::optional(2000.0)}) {
    plan.rate_pps = rate;
    const auto trial = (*session)->measure(plan);
    ASSERT_TRUE(trial) << trial.error().message;
    EXPECT_EQ(trial->status, TrialStatus::ok) << trial->reason;
    EXPECT_EQ(trial->target_pps, rate);
    EXPECT_EQ(trial->unaccounted, 0);
    EXPECT_EQ(trial->offered.packets, static_cast<std::uint64_t>(0.5 * rate.value_or(10e6)));
    EXPECT_EQ(trial->received.packets,
              static_cast<std::uint64_t>(0.5 * std::min(rate.value_or(10e6), 2e6)));
    EXPECT_GE(trial->effective_s, trial->warmup_s + trial->duration_s + trial->drain_s);
    EXPECT_LT(trial->effective_s, 0.61);
    EXPECT_TRUE((*session)->usable());
  }
  EXPECT_EQ(starts_, 1);
  ASSERT_EQ(ticks.size(), 5u);
  EXPECT_DOUBLE_EQ(ticks[3].offered_pps, 3e6);
  EXPECT_DOUBLE_EQ(ticks[3].received_pps, 2e6);
  session->reset();
  EXPECT_TRUE(testbed->down());
}

TEST_F(Sessions, ARunHasOneForEachTrialOrKeepsIt) {
  Scenario s = scenario(R"(["fake"])");
  s.method_options["trials"] = std::int64_t{6};
  EXPECT_EQ(run_counted(s).cases[0].status, CaseStatus::ok);
  EXPECT_EQ(starts_, 6);
  s.method_options["restart"] = false;
  starts_ = 0;
  EXPECT_EQ(run_counted(s).cases[0].status, CaseStatus::ok);
  EXPECT_EQ(starts_, 1);
}

TEST_F(Sessions, ATrialThatIsNotOkIsFollowedByANewStart) {
  Scenario s = scenario(R"([{"name": "fake", "lose_one_in": 1000}])");
  s.method_options["restart"] = false;
  s.method_options["max_repeats"] = std::int64_t{0};
  EXPECT_EQ(run_counted(s).cases[0].status, CaseStatus::invalid);
  EXPECT_EQ(starts_, 3);
}

}  // namespace
}  // namespace pktbench::cli
