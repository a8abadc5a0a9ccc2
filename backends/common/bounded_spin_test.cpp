#include "backends/common/bounded_spin.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pktbench::backends {
namespace {

// A loop that meets an empty ring. Time passes only in looks().
class Loop {
 public:
  explicit Loop(std::uint32_t spin_us) : spin_(spin_us) {}

  // How often it looks, `step_ns` apart, before it sleeps.
  int looks(std::uint64_t step_ns = 1000) {
    int count = 0;
    while (look_again()) {
      ++count;
      now_ns_ += step_ns;
    }
    return count;
  }
  bool look_again() {
    return spin_.look_again([this] {
      ++clock_reads_;
      return now_ns_;
    });
  }
  // Sleeps without a spin before the next spin.
  int sleeps_at_once() {
    int count = 0;
    while (looks() == 0) ++count;
    return count;
  }
  void found() { spin_.found(); }
  int clock_reads() const { return clock_reads_; }

 private:
  BoundedSpin spin_;
  std::uint64_t now_ns_ = 5'000'000;
  int clock_reads_ = 0;
};

TEST(BoundedSpin, LooksForItsTimeAndThenSleeps) {
  EXPECT_EQ(Loop(20).looks(1000), 20);
  EXPECT_EQ(Loop(20).looks(500), 40);
  EXPECT_EQ(Loop(20).looks(1'000'000), 1);
}

TEST(BoundedSpin, OfNoTimeSleepsAtOnceAndReadsNoClock) {
  Loop loop(0);
  for (int i = 0; i < 200; ++i) EXPECT_FALSE(loop.look_again());
  EXPECT_EQ(loop.clock_reads(), 0);
}

TEST(BoundedSpin, InVainMakesTheNextOnesRarer) {
  Loop loop(20);
  EXPECT_EQ(loop.looks(), 20);
  std::vector<int> sleeps;
  for (int i = 0; i < 9; ++i) sleeps.push_back(loop.sleeps_at_once());
  EXPECT_EQ(sleeps, (std::vector{1, 3, 7, 15, 31, 63, 63, 63, 63}));
}

TEST(BoundedSpin, ThatFindsFramesGoesOnAsAtFirst) {
  Loop loop(20);
  for (int i = 0; i < 5; ++i) loop.sleeps_at_once();
  while (!loop.look_again()) {
  }
  loop.found();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(loop.look_again()) << i;
    loop.found();
  }
  EXPECT_EQ(loop.looks(), 20);
  EXPECT_EQ(loop.sleeps_at_once(), 1);
}

// Or a loop whose spins never find any would spin at every second empty ring.
TEST(BoundedSpin, FramesThatASleepFoundAreNoSuccess) {
  Loop loop(20);
  for (int i = 0; i < 3; ++i) {
    loop.sleeps_at_once();
    loop.found();
  }
  EXPECT_EQ(loop.sleeps_at_once(), 7);
}

// The port's own number of loops and CPUs; a NAPI thread needs a device (af_xdp_root_test.cpp).
TEST(SpinTime, IsNoneWhereLoopsShareACpu) {
  Port port;
  port.cpus = {0, 1};
  EXPECT_EQ(spin_time(port, 2, 20).us, 20u);
  EXPECT_EQ(spin_time(port, 2, 20).said, "20");
  EXPECT_EQ(spin_time(port, 3, 20).us, 0u);
  EXPECT_EQ(spin_time(port, 3, 20).said, "0: queues share a CPU");
  EXPECT_EQ(spin_time(port, 3, 0).said, "0");
}

}  // namespace
}  // namespace pktbench::backends
