#include "harness/measure/driver_counters.hpp"

#include <gtest/gtest.h>

namespace pktbench::measure {
namespace {

constexpr auto kRx = PortEnd::receiver;
using Counters = std::map<std::string, std::uint64_t>;

TEST(DropsByPlace, SumsTheQueuesAndNothingElse) {
  const DeviceStatistics veth{{{"peer_ifindex", 3},
                               {"rx_queue_0_drops", 5},
                               {"rx_queue_1_drops", 7},
                               {"rx_queue_1_xdp_drops", 900},
                               {"rx_queue_x_drops", 900},
                               {"rx_queue__drops", 900},
                               {"tx_queue_0_xdp_xmit_errors", 11}},
                              {}};
  EXPECT_EQ(drops_by_place("veth", kRx, veth), (DropCounts{{"veth_rx", 12}}));
  EXPECT_EQ(drops_by_place("veth", PortEnd::sender, veth), (DropCounts{{"veth_ring_full", 11}}));
  EXPECT_TRUE(drops_by_place("veth", kRx, {}).empty());
  EXPECT_TRUE(drops_by_place("unheard-of", kRx, veth).empty());
}

struct Case {
  const char* driver;
  Counters driver_before;
  Counters driver_after;
  Counters link_before;
  Counters link_after;
  DropCounts drops;
};

TEST(Reconcile, NamesThePlacesOfEveryDriver) {
  const Case cases[] = {
      {"virtio_net",
       {{"rx_queue_0_drops", 10}, {"rx_queue_0_xdp_drops", 8}},
       {{"rx_queue_0_drops", 30}, {"rx_queue_0_xdp_drops", 25}},
       {},
       {},
       {{"driver_rx", 3}}},
      // With the names since 6.10, whose totals over all queues must not count twice.
      {"virtio_net",
       {{"rx0_drops", 1},
        {"rx1_drops", 1},
        {"rx_drops", 2},
        {"rx0_xdp_drops", 1},
        {"rx0_hw_drops", 4}},
       {{"rx0_drops", 9},
        {"rx1_drops", 2},
        {"rx_drops", 11},
        {"rx0_xdp_drops", 3},
        {"rx0_hw_drops", 5}},
       {},
       {},
       {{"driver_rx", 7}, {"nic_no_descriptor", 1}}},
      {"r8169", {{"rx_missed", 5}}, {{"rx_missed", 9}}, {}, {}, {{"nic_no_descriptor", 4}}},
      {"e1000",
       {{"rx_missed_errors", 1}, {"rx_no_buffer_count", 1}},
       {{"rx_missed_errors", 3}, {"rx_no_buffer_count", 99}},
       {},
       {},
       {{"nic_buffer", 2}}},
      {"e1000e", {{"rx_missed_errors", 1}}, {{"rx_missed_errors", 4}}, {}, {}, {{"nic_buffer", 3}}},
      {"igb",
       {{"rx_missed_errors", 1}, {"rx_queue_0_drops", 0}, {"rx_queue_3_drops", 2}},
       {{"rx_missed_errors", 1}, {"rx_queue_0_drops", 5}, {"rx_queue_3_drops", 4}},
       {},
       {},
       {{"nic_buffer", 0}, {"nic_no_descriptor", 7}}},
      {"igc",
       {{"rx_missed_errors", 1}, {"rx_queue_0_drops", 0}},
       {{"rx_missed_errors", 2}, {"rx_queue_0_drops", 5}},
       {},
       {},
       {{"nic_buffer", 1}, {"nic_no_descriptor", 5}}},
      {"ixgbe",
       {{"rx_missed_errors", 1}, {"rx_no_dma_resources", 7}},
       {{"rx_missed_errors", 2}, {"rx_no_dma_resources", 9}},
       {},
       {},
       {{"nic_buffer", 1}, {"nic_no_descriptor", 2}}},
      {"i40e",
       {{"port.rx_dropped", 1}, {"rx_dropped", 7}},
       {{"port.rx_dropped", 2}, {"rx_dropped", 9}},
       {},
       {},
       {{"nic_buffer", 1}, {"nic_no_descriptor", 2}}},
      {"i40e", {{"port.rx_discards", 1}}, {{"port.rx_discards", 2}}, {}, {}, {{"nic_buffer", 1}}},
      {"ice",
       {{"rx_dropped.nic", 1}, {"rx_dropped", 0}},
       {{"rx_dropped.nic", 3}, {"rx_dropped", 1}},
       {},
       {},
       {{"nic_buffer", 2}, {"nic_no_descriptor", 1}}},
      {"mlx5_core",
       {{"rx_out_of_buffer", 1}, {"rx_discards_phy", 0}, {"rx_xdp_drop", 5}},
       {{"rx_out_of_buffer", 3}, {"rx_discards_phy", 1}, {"rx_xdp_drop", 500}},
       {},
       {},
       {{"nic_buffer", 1}, {"nic_no_descriptor", 2}}},
      {"ena", {}, {}, {{"rx_dropped", 3}}, {{"rx_dropped", 7}}, {{"nic_no_descriptor", 4}}},
      {"vmxnet3",
       {{"  pkts rx OOB", 1}, {"  drv dropped rx total", 1}},
       {{"  pkts rx OOB", 3}, {"  drv dropped rx total", 1}},
       {},
       {},
       {{"nic_no_descriptor", 2}, {"driver_rx", 0}}},
      {"8139cp",
       {{"rx_fifo", 5}},
       {{"rx_fifo", 50}},
       {{"rx_missed_errors", 1}},
       {{"rx_missed_errors", 4}},
       {{"nic_no_descriptor", 3}}},
  };
  for (const Case& c : cases) {
    const Reconciliation r =
        reconcile(c.driver, kRx, {c.driver_before, c.link_before}, {c.driver_after, c.link_after});
    EXPECT_EQ(r.drops, c.drops) << c.driver;
    EXPECT_TRUE(r.beside.empty() && r.notes.empty()) << c.driver;
    EXPECT_TRUE(r.missing.empty()) << c.driver << ": " << r.missing.begin()->second;
  }
}

TEST(Reconcile, AShortCounterIsReadButForWholeTurns) {
  const Reconciliation r =
      reconcile("r8169", kRx, {{{"rx_missed", 65'530}}, {}}, {{{"rx_missed", 4}}, {}});
  EXPECT_EQ(r.drops, (DropCounts{{"nic_no_descriptor", 10}}));
  EXPECT_TRUE(r.missing.empty() && r.notes.empty());
  EXPECT_EQ(turns_by_place("r8169", kRx), (DropCounts{{"nic_no_descriptor", 65'536}}));
  EXPECT_EQ(turns_by_place("8139cp", kRx), (DropCounts{{"nic_no_descriptor", 1u << 24}}));
  EXPECT_TRUE(turns_by_place("igb", kRx).empty());
}

TEST(Reconcile, ACounterThatWentBackBeganAgainWhichIsNoted) {
  const Reconciliation r =
      reconcile("ixgbe", kRx, {{{"rx_missed_errors", 10}, {"rx_no_dma_resources", 7}}, {}},
                {{{"rx_missed_errors", 2}, {"rx_no_dma_resources", 9}}, {}});
  EXPECT_EQ(r.drops, (DropCounts{{"nic_buffer", 2}, {"nic_no_descriptor", 2}}));
  EXPECT_TRUE(r.missing.empty());
  ASSERT_EQ(r.notes.size(), 1u);
  EXPECT_NE(r.notes[0].find("ixgbe's rx_missed_errors went back from 10 to 2"), std::string::npos);
  // One queue's reset costs no other queue's count.
  EXPECT_EQ(reconcile("igb", kRx, {{{"rx_queue_0_drops", 3}, {"rx_queue_1_drops", 3}}, {}},
                      {{{"rx_queue_0_drops", 9}, {"rx_queue_1_drops", 1}}, {}})
                .drops,
            (DropCounts{{"nic_no_descriptor", 7}}));
  // A short counter cannot have held the value it is said to have had.
  EXPECT_FALSE(reconcile("r8169", kRx, {{{"rx_missed", 70'000}}, {}}, {{{"rx_missed", 4}}, {}})
                   .notes.empty());
}

struct MacCase {
  const char* driver;
  const char* sent;
  const char* got_pause;
  const char* sent_pause;
};

TEST(Reconcile, WhatAPortCountsAtItsMacIsNoLoss) {
  const MacCase cases[] = {
      {"e1000", "tx_packets", "rx_flow_control_xoff", "tx_flow_control_xoff"},
      {"e1000e", "tx_packets", "rx_flow_control_xoff", "tx_flow_control_xoff"},
      {"igb", "tx_packets", "rx_flow_control_xoff", "tx_flow_control_xoff"},
      {"igc", "tx_packets", "rx_flow_control_xoff", "tx_flow_control_xoff"},
      {"ixgbe", "tx_pkts_nic", "rx_flow_control_xoff", "tx_flow_control_xoff"},
      {"i40e", "port.tx_unicast", "port.link_xoff_rx", "port.link_xoff_tx"},
      {"ice", "tx_unicast.nic", "link_xoff_rx.nic", "link_xoff_tx.nic"},
      {"mlx5_core", "tx_packets_phy", "rx_pause_ctrl_phy", "tx_pause_ctrl_phy"},
      {"r8169", "tx_packets", nullptr, nullptr},
      {"8139cp", "tx_ok", nullptr, nullptr},
  };
  for (const MacCase& c : cases) {
    DeviceStatistics before;
    DeviceStatistics after;
    const auto grows = [&](const char* name, std::uint64_t n) {
      if (!name) return;
      before.driver[name] = 5;
      after.driver[name] = 5 + n;
    };
    grows(c.sent, 1000);
    grows(c.got_pause, 3);
    grows(c.sent_pause, 7);
    const Reconciliation tx = reconcile(c.driver, PortEnd::sender, before, after);
    EXPECT_TRUE(tx.drops.empty()) << c.driver;
    EXPECT_EQ(tx.beside.at(kMacSent), 1000u) << c.driver;
    EXPECT_EQ(tx.beside.contains(kMacPaused), c.got_pause != nullptr) << c.driver;
    if (!c.got_pause) continue;
    EXPECT_EQ(tx.beside.at(kMacPaused), 3u) << c.driver;
    EXPECT_EQ(reconcile(c.driver, kRx, before, after).beside, (DropCounts{{kMacPaused, 7}}))
        << c.driver;
  }
}

TEST(Reconcile, WhatLeftThePortIsNotKnownWhereItsCounterBeganAgain) {
  const DeviceStatistics before{{{"tx_packets", 10}, {"rx_flow_control_xoff", 1}}, {}};
  const DeviceStatistics after{{{"tx_packets", 4}, {"rx_flow_control_xoff", 3}}, {}};
  const Reconciliation r = reconcile("igb", PortEnd::sender, before, after);
  EXPECT_EQ(r.beside, (DropCounts{{kMacPaused, 2}}));
  EXPECT_EQ(r.notes.size(), 1u);
  EXPECT_TRUE(reconcile("igb", PortEnd::sender, {}, after).beside.empty());
  EXPECT_TRUE(reconcile("igb", PortEnd::sender, {}, after).missing.empty());
}

TEST(Reconcile, ACounterThatCameOrWentIsMissing) {
  const DeviceStatistics none;
  const DeviceStatistics some{{{"rx_missed_errors", 10}}, {}};
  EXPECT_TRUE(reconcile("e1000e", kRx, none, some).missing.contains("nic_buffer"));
  EXPECT_TRUE(reconcile("e1000e", kRx, some, none).missing.contains("nic_buffer"));
  EXPECT_TRUE(reconcile("e1000e", kRx, none, none).missing.empty());
}

TEST(Reconcile, WhatXdpDroppedSpoilsTheCountOfEna) {
  const DeviceStatistics before{{{"queue_0_rx_xdp_drop", 1}}, {{"rx_dropped", 1}}};
  DeviceStatistics after{{{"queue_0_rx_xdp_drop", 1}}, {{"rx_dropped", 4}}};
  const Reconciliation quiet = reconcile("ena", kRx, before, after);
  EXPECT_EQ(quiet.drops.at("nic_no_descriptor"), 3u);
  after.driver["queue_0_rx_xdp_drop"] = 3;
  EXPECT_TRUE(reconcile("ena", kRx, before, after).missing.contains("nic_no_descriptor"));
}

TEST(Reconcile, OnlyEnaTellsItsCountsLate) {
  EXPECT_GT(counts_late_ns("ena"), 1'000'000'000u);
  EXPECT_EQ(counts_late_ns("igb"), 0u);
}

TEST(Reconcile, AnUnknownDriverHasNoPlaces) {
  const DeviceStatistics some{{{"rx_missed_errors", 10}}, {{"rx_dropped", 3}}};
  const Reconciliation r = reconcile("rtase", kRx, some, some);
  EXPECT_TRUE(r.drops.empty() && r.missing.empty());
}

}  // namespace
}  // namespace pktbench::measure
