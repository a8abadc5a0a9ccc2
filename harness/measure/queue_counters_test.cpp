#include "harness/measure/queue_counters.hpp"

#include <gtest/gtest.h>

namespace pktbench::measure {
namespace {

using Counts = std::vector<std::uint64_t>;

TEST(QueueCounters, AreThoseOfEachQueueByItsDriversNames) {
  EXPECT_EQ(received_by_queue({{"rx_queue_0_packets", 3}, {"rx_queue_1_packets", 5}}, 2),
            (Counts{3, 5}));
  EXPECT_EQ(received_by_queue({{"rx_queue_0_xdp_packets", 7}, {"rx_queue_0_drops", 2}}, 1),
            Counts{7});
  EXPECT_EQ(received_by_queue({{"rx0_packets", 1}, {"rx1_packets", 2}, {"rx10_packets", 4}}, 2),
            (Counts{1, 2}));
  EXPECT_EQ(received_by_queue({{"rx-0.packets", 1}, {"rx-1.packets", 0}}, 2), (Counts{1, 0}));
  EXPECT_EQ(received_by_queue({{"queue_0_rx_cnt", 9}}, 1), Counts{9});
}

TEST(QueueCounters, AQueueThatIsNotCountedMakesThemUnknown) {
  EXPECT_EQ(received_by_queue({{"rx_queue_0_packets", 3}}, 2), Counts());
  EXPECT_EQ(received_by_queue({{"rx_packets", 3}}, 1), Counts());
}

}  // namespace
}  // namespace pktbench::measure
