#include <gtest/gtest.h>

#include "harness/method/snapshot.hpp"

namespace pktbench::method {
namespace {

const Returned kBefore{100, 1, {{"veth_return_ring_full", 10}, {"veth_return_rx", 0}}};

TEST(Returned, CountsOnlyWhatTheWindowHad) {
  const Returned after{1100, 1, {{"veth_return_ring_full", 35}, {"veth_return_rx", 2}}};
  const ReturnRecord r = returned_between(kBefore, after, 1027);
  EXPECT_EQ(r.sent_back, 1027u);
  EXPECT_EQ(r.packets, 1000u);
  EXPECT_EQ(r.strays, 0u);
  EXPECT_EQ(r.drops.at("veth_return_ring_full"), 25u);
  EXPECT_EQ(r.drops.at("veth_return_rx"), 2u);
  EXPECT_EQ(r.unaccounted, 0);
  EXPECT_EQ(fault_of(r, 0), "");
}

TEST(Returned, AFrameThatIsMissingIsAFaultAndSoIsOneTooMany) {
  const Returned after{1100, 1, kBefore.drops};
  const ReturnRecord missing = returned_between(kBefore, after, 1003);
  EXPECT_EQ(missing.unaccounted, 3);
  EXPECT_EQ(fault_of(missing, 2), "3 of 1003 frames sent back are unaccounted for");
  EXPECT_EQ(fault_of(missing, 3), "");
  const ReturnRecord more = returned_between(kBefore, after, 996);
  EXPECT_EQ(more.unaccounted, -4);
  EXPECT_EQ(fault_of(more, 3), "4 frames more came back than were sent back");
}

TEST(Returned, AStrayIsAccountedForAndIsAFault) {
  const Returned after{1100, 6, kBefore.drops};
  const ReturnRecord r = returned_between(kBefore, after, 1005);
  EXPECT_EQ(r.packets, 1000u);
  EXPECT_EQ(r.strays, 5u);
  EXPECT_EQ(r.unaccounted, 0);
  EXPECT_NE(fault_of(r, 4), "");
  EXPECT_EQ(fault_of(r, 5), "");
}

TEST(Returned, WhatWasTurnedRoundAndNotRefusedWasSentBack) {
  Counters c;
  EXPECT_EQ(sent_back(c), 0u);
  c.details = {{"reflected", 7}, {"other", 1}};
  EXPECT_EQ(sent_back(c), 7u);
  c.details["not_sent"] = 2;
  EXPECT_EQ(sent_back(c), 5u);
  c.details["forwarded"] = 10;
  EXPECT_EQ(sent_back(c), 15u);
  c.details = {{"reflected", 7}};
  c.details["not_sent"] = 8;
  EXPECT_EQ(sent_back(c), 0u);
}

}  // namespace
}  // namespace pktbench::method
