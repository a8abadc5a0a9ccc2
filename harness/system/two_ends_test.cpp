// A testbed whose generator's end is on another host, as far as the session and the runner can see:
// it has no CPU here, sends by a source of its own, and counts what its port drops.
#include <memory>
#include <string>
#include <utility>

#include "harness/system/simulated_run.hpp"

namespace pktbench::cli {
namespace {

struct Seen {
  std::string generator;           // asked of the far end
  int sent_from_far = 0;           // sources that it made
  std::vector<std::string> calls;  // of the far end, in their order
};

class FarSource final : public TrafficSource {
 public:
  FarSource(std::unique_ptr<TrafficSource> there, Seen& seen)
      : there_(std::move(there)), seen_(seen) {}
  Result<void> start(const TrafficConfig& config) override {
    seen_.calls.push_back("start");
    EXPECT_FALSE(config.from.here());
    EXPECT_TRUE(config.to.here());
    return there_->start(config);
  }
  void open(std::uint64_t limit, std::optional<double> rate_pps) override {
    there_->open(limit, rate_pps);
  }
  bool finished() override { return there_->finished(); }
  Result<void> close() override { return there_->close(); }
  Result<SentCounters> sample() override { return there_->sample(); }
  std::vector<pid_t> threads() const override { return {}; }  // none here
  void stop() noexcept override { there_->stop(); }

 private:
  std::unique_ptr<TrafficSource> there_;
  Seen& seen_;
};

class FarEnd final : public End {
 public:
  FarEnd(const End& there, Seen& seen) : there_(there), seen_(seen) {}
  const Port& port() const override {
    port_ = there_.port();
    port_.cpus.clear();
    return port_;
  }
  std::unique_ptr<TrafficSource> source(const std::string& generator,
                                        std::unique_ptr<TrafficSource> local) override {
    seen_.generator = generator;
    ++seen_.sent_from_far;
    return std::make_unique<FarSource>(std::move(local), seen_);
  }
  Result<std::vector<pid_t>> settle(bool) override {
    seen_.calls.push_back("settle");
    return std::vector<pid_t>{};
  }
  Result<DropCounts> sample() override { return DropCounts{{"far_ring", 3}}; }
  std::map<std::string, std::string> missing_drops() const override {
    return {{"far_wire", "the far end's driver does not count it"}};
  }

 private:
  const End& there_;
  Seen& seen_;
  mutable Port port_;
};

class FarTestbed final : public Testbed {
 public:
  FarTestbed(std::unique_ptr<Testbed> near, Seen& seen)
      : near_(std::move(near)), far_(near_->generator(), seen) {
    has_ends(far_, near_->dut());
  }
  Result<void> up(const Options& options, QueueRange queues) override {
    return near_->up(options, queues);
  }
  Result<void> use_queues(unsigned queues) override { return near_->use_queues(queues); }
  Clock& clock() override { return near_->clock(); }
  CpuMeter& cpu_meter() override { return near_->cpu_meter(); }
  Result<void> down() noexcept override { return near_->down(); }

 private:
  std::unique_ptr<Testbed> near_;
  FarEnd far_;
};

class TwoEnds : public SimulatedRun {};

TEST_F(TwoEnds, TheGeneratorsMayBeOnAnotherHost) {
  Seen seen;
  Registry all = registry();
  for (TestbedType& type : all.testbeds)
    if (type.name == "simulated")
      type.make = [&seen, make = type.make] { return std::make_unique<FarTestbed>(make(), seen); };
  const Scenario s = scenario(R"(["fake"])", R"("generator": "simulated", "rate": 1e6)");
  const auto outcome = run_scenario(s, all, {}, notes_, stop_);
  ASSERT_TRUE(outcome) << outcome.error().message;
  ASSERT_EQ(outcome->cases.size(), 1u);
  EXPECT_EQ(outcome->cases[0].status, CaseStatus::ok) << outcome->cases[0].reason;
  EXPECT_EQ(seen.generator, "simulated");
  EXPECT_EQ(seen.sent_from_far, 3);
  EXPECT_EQ(seen.calls,
            (std::vector<std::string>{"settle", "start", "settle", "start", "settle", "start"}));
  ASSERT_EQ(outcome->cases[0].trials.size(), 3u);
  for (const TrialRecord& trial : outcome->cases[0].trials) {
    EXPECT_EQ(trial.offered.packets, trial.received.packets);
    EXPECT_GT(trial.offered.packets, 0u);
    // What both ends count, between the two readings.
    EXPECT_EQ(trial.drops,
              (DropCounts{{"far_ring", 0}, {"simulated_ring", 0}, {"simulated_wire", 0}}));
    EXPECT_EQ(trial.missing.at("drops.far_wire"), "the far end's driver does not count it");
  }
}

}  // namespace
}  // namespace pktbench::cli
