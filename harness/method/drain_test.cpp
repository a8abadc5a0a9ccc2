#include <gtest/gtest.h>

#include "harness/method/snapshot.hpp"

namespace pktbench::method {
namespace {

class ManualClock final : public Clock {
 public:
  std::uint64_t now_ns() override { return now_; }
  ClockReading read() override { return {now_, now_}; }
  std::string reference() const override { return "itself"; }
  void sleep_ns(std::uint64_t ns, const StopFlag&) override { now_ += ns; }
  double seconds() const { return static_cast<double>(now_) / 1e9; }

 private:
  std::uint64_t now_ = 0;
};

// Of 10,000 frames that were sent, how many are received at that second.
using Received = std::function<std::uint64_t(double)>;

// Of them, how many have left the port; none: it is not known.
using Left = std::function<std::optional<std::uint64_t>(double)>;

double drained_after(
    const Received& received, std::uint64_t late_ns = 0,
    const Left& left = [](double) { return std::nullopt; }) {
  ManualClock clock;
  const StopFlag stop{false};
  Snapshot first;
  if (left(0)) first.left_the_port = 0;
  const auto last = drain(
      first,
      [&]() -> Result<Snapshot> {
        Snapshot now;
        now.sent.packets = 10'000;
        now.received.packets = received(clock.seconds());
        now.left_the_port = left(clock.seconds());
        return now;
      },
      clock, stop, late_ns);
  EXPECT_TRUE(last);
  return clock.seconds();
}

TEST(Drain, EndsAtOnceWhenEveryFrameIsAccountedFor) {
  EXPECT_EQ(drained_after([](double) { return 10'000; }), 0);
  EXPECT_NEAR(drained_after([](double s) { return s < 3 ? 3000 * s : 10'000; }), 3, 0.01);
}

TEST(Drain, IsPatientWithFramesThatAreMissing) {
  // A busy host lets the receiver run now and then.
  const double took = drained_after(
      [](double s) { return std::min<std::uint64_t>(10'000, 1500 * static_cast<int>(s / 0.9)); });
  EXPECT_NEAR(took, 6.3, 0.01);
  EXPECT_NEAR(drained_after([](double) { return 9'000; }), 1, 0.01);
}

TEST(Drain, WaitsLongerForCountersThatTellLate) {
  EXPECT_NEAR(drained_after([](double s) { return s < 1.4 ? 9'000 : 10'000; }, 500'000'000), 1.4,
              0.01);
  EXPECT_NEAR(drained_after([](double) { return 9'000; }, 500'000'000), 1.5, 0.01);
}

TEST(Drain, IsShortWhereAllThatLeftThePortIsAccountedFor) {
  const auto nine = [](double) { return 9'000; };
  EXPECT_NEAR(drained_after(nine, 0, [](double) { return 9'000; }), 0.1, 0.01);
  // A frame lost on the wire is waited for, and so is what lies in the port's queue.
  EXPECT_NEAR(drained_after(nine, 0, [](double) { return 9'001; }), 1, 0.01);
  const auto slowly = [](double s) {
    return static_cast<std::uint64_t>(std::min(10'000.0, 5'000 * s));
  };
  EXPECT_NEAR(drained_after(slowly, 0, slowly), 2, 0.01);
}

TEST(Drain, DoesNotWaitForWhatWasNeverSent) {
  EXPECT_LT(drained_after([](double s) { return 10'001 + 1000 * s; }), 0.01);
}

TEST(Drain, SingleFramesOfOthersDoNotLookLikeMissingOnes) {
  EXPECT_NEAR(drained_after([](double s) { return 2'000 + 5 * s; }), 1, 0.01);
  EXPECT_NEAR(drained_after([](double s) { return 2'000 + 500 * s; }), 10, 0.01);
}

TEST(Drain, AStopEndsIt) {
  ManualClock clock;
  const StopFlag stop{true};
  EXPECT_TRUE(drain(
      Snapshot{},
      []() -> Result<Snapshot> {
        Snapshot now;
        now.sent.packets = 1;
        return now;
      },
      clock, stop));
  EXPECT_EQ(clock.seconds(), 0);
}

}  // namespace
}  // namespace pktbench::method
