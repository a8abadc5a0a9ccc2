#include "harness/runner/patience.hpp"

#include <gtest/gtest.h>

namespace pktbench {
namespace {

class ManualClock final : public Clock {
 public:
  std::uint64_t now_ns() override { return now_; }
  ClockReading read() override { return {now_, now_}; }
  std::string reference() const override { return "itself"; }
  void sleep_ns(std::uint64_t ns, const StopFlag&) override {
    now_ += ns;
    if (on_sleep) on_sleep();
  }
  std::function<void()> on_sleep;

 private:
  std::uint64_t now_ = 5;
};

class Unruly final : public DisturbanceSource {
 public:
  std::string name() const override { return "unruly"; }
  DisturbanceReading read() override { return {}; }
  DisturbanceFinding judge(const DisturbanceReading&, const DisturbanceReading&,
                           const DisturbanceLimits&) const override {
    return {};
  }
  std::string unrest(const DisturbanceLimits&) override {
    if (looks_of_unrest == 0) return {};
    --looks_of_unrest;
    return "noise";
  }
  int looks_of_unrest = 0;
};

constexpr int kForEver = 1'000'000;

class PatienceTest : public ::testing::Test {
 protected:
  // How long it took, in seconds.
  double await() {
    const std::uint64_t began = clock_.now_ns();
    patience_.await({&calm_, &source_}, {}, clock_, stop_,
                    [this](const std::string& why) { said_.push_back(why); });
    return static_cast<double>(clock_.now_ns() - began) / 1e9;
  }

  ManualClock clock_;
  Unruly calm_;
  Unruly source_;
  StopFlag stop_{false};
  Patience patience_;
  std::vector<std::string> said_;
};

TEST_F(PatienceTest, CalmIsNotWaitedFor) {
  EXPECT_EQ(await(), 0);
  EXPECT_TRUE(said_.empty());
}

TEST_F(PatienceTest, UnrestIsWaitedOutAndSaidOnce) {
  source_.looks_of_unrest = 10;
  EXPECT_DOUBLE_EQ(await(), 2);
  EXPECT_EQ(said_, std::vector<std::string>{"noise"});
}

TEST_F(PatienceTest, AWaitInVainIsTheLastUntilCalmWasFound) {
  source_.looks_of_unrest = kForEver;
  EXPECT_DOUBLE_EQ(await(), 120);
  EXPECT_EQ(await(), 0);
  EXPECT_EQ(await(), 0);
  source_.looks_of_unrest = 0;
  EXPECT_EQ(await(), 0);
  source_.looks_of_unrest = 5;
  EXPECT_DOUBLE_EQ(await(), 1);
  EXPECT_EQ(said_.size(), 2u);
}

TEST_F(PatienceTest, AStopEndsTheWait) {
  source_.looks_of_unrest = kForEver;
  clock_.on_sleep = [this] { stop_ = true; };
  EXPECT_DOUBLE_EQ(await(), 0.2);
}

}  // namespace
}  // namespace pktbench
