// What a loop that spins says of its polls: what it costs a packet does not grow with the time that
// it waits for one.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "backends/dpdk/dpdk_test_util.hpp"

namespace pktbench::backends {

namespace {

class DpdkBusy : public DpdkRoot {};

struct Window {
  double busy = 0;  // ticks per packet
  double whole = 0;
};

Window window(TrafficSource& source, Backend& sink, double pps, milliseconds length) {
  const auto before = need(sink.sample());
  source.open(TrafficSource::kNoLimit, pps);
  std::this_thread::sleep_for(length);
  need(source.close());
  const auto after = need(sink.sample());
  const auto packets = static_cast<double>(after.packets - before.packets);
  const auto busy = static_cast<double>(after.polls.value().busy - before.polls.value().busy);
  const auto idle = static_cast<double>(after.polls->idle - before.polls->idle);
  return {busy / packets, (busy + idle) / packets};
}

// Of several pairs the middle one. A burst that comes after milliseconds finds what it needs in no
// cache, and costs three to four times as much for it; the whole CPU's ratio is 50 and more.
TEST_F(DpdkBusy, CostOfAPacketIsThatOfAHundredTimesTheRate) {
  const TestVeth veth;
  const auto sink = dpdk_backend().make();
  ASSERT_EQ(started(*sink, backend_of(veth, "net_af_xdp")).details.at("idle"), "spin");
  const auto type = generator("xdp-live");
  const auto source = type.make();
  need(source->start(traffic_of(veth, type, {64, 1})));
  std::vector<double> ratios;
  for (int pair = 0; pair < 9; ++pair) {
    const Window slow = window(*source, *sink, 2'000, milliseconds(300));
    const Window fast = window(*source, *sink, 200'000, milliseconds(100));
    ratios.push_back(slow.busy / fast.busy);
    // Without the difference, a hundred times as much.
    EXPECT_GT(slow.whole, 10 * slow.busy);
  }
  std::ranges::nth_element(ratios, ratios.begin() + 4);
  EXPECT_GT(ratios[4], 0.5);
  EXPECT_LT(ratios[4], 10);
}

TEST_F(DpdkBusy, ALoopThatSleepsSaysNothingOfItsPolls) {
  const TestVeth veth;
  veth.thread_napi();
  const auto sink = dpdk_backend().make();
  ASSERT_EQ(started(*sink, backend_of(veth, "net_af_xdp")).details.at("idle"), "poll");
  EXPECT_FALSE(need(sink->sample()).polls);
}

}  // namespace

}  // namespace pktbench::backends
