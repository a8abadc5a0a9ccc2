#include "harness/method/snapshot.hpp"

#include <gtest/gtest.h>

namespace pktbench::method {
namespace {

Snapshot counted(std::uint64_t sent, std::uint64_t received, DropCounts drops = {}) {
  Snapshot s;
  s.sent.packets = sent;
  s.received.packets = received;
  s.drops = std::move(drops);
  return s;
}

const FirstFrames kWho{"dropper", "eth1", "eth0"};

TEST(Snapshot, IsSettledWhenWhatWasSentIsReceivedOrDropped) {
  const Snapshot first = counted(100, 90, {{"ring", 10}});
  EXPECT_TRUE(counted(164, 150, {{"ring", 14}}).settled(first));
  EXPECT_FALSE(counted(164, 150, {{"ring", 13}}).settled(first));
}

TEST(Snapshot, WhatIsMissingAndWhatIsTooMuchAreTold) {
  const Snapshot first = counted(100, 90, {{"ring", 10}});
  EXPECT_EQ(counted(164, 150, {{"ring", 13}}).outstanding(first), 1u);
  EXPECT_FALSE(counted(164, 150, {{"ring", 14}}).surplus(first));
  EXPECT_EQ(counted(164, 150, {{"ring", 14}}).outstanding(first), 0u);
  EXPECT_TRUE(counted(164, 151, {{"ring", 14}}).surplus(first));
  EXPECT_EQ(counted(164, 151, {{"ring", 14}}).outstanding(first), 0u);
}

TEST(Snapshot, ARecordHasWhatMovedBetweenTwo) {
  TrialRecord record;
  count_between(counted(100, 90, {{"ring", 10}}), counted(1100, 950, {{"ring", 30}, {"socket", 7}}),
                record);
  EXPECT_EQ(record.offered.packets, 1000u);
  EXPECT_EQ(record.received.packets, 860u);
  EXPECT_EQ(record.drops, (DropCounts{{"ring", 20}, {"socket", 7}}));
  EXPECT_EQ(record.unaccounted, 113);
}

TEST(Snapshot, TheDropsOfACounterThatWentBackAreMissing) {
  TrialRecord record;
  count_between(counted(0, 0, {{"ring", 10}}), counted(5, 5, {{"ring", 3}}), record);
  EXPECT_TRUE(record.drops.empty());
  EXPECT_EQ(record.missing.at("drops.ring"),
            "its counter went back from 10 to 3: the device was reset");
}

TEST(Snapshot, WhatWasDroppedIsToldByPlace) {
  EXPECT_EQ(dropped_since(counted(0, 0, {{"a", 1}}), counted(9, 0, {{"a", 1}})), "");
  EXPECT_EQ(dropped_since(counted(0, 0, {{"a", 1}}), counted(9, 0, {{"a", 3}, {"b", 4}})),
            "; dropped: a 2, b 4");
}

TEST(FirstFrames, OneThatNobodyCountsIsFound) {
  const Snapshot before = counted(0, 0);
  EXPECT_TRUE(nothing_unnamed(kWho, before, counted(64, 60, {{"ring", 4}}), 0));
  EXPECT_TRUE(nothing_unnamed(kWho, before, counted(64, 63), 1));
  const auto lost = nothing_unnamed(kWho, before, counted(64, 63), 0);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().message,
            "1 of the first 64 frames, which overload nothing, were neither counted by dropper nor "
            "named as dropped");
}

TEST(FirstFrames, AQueueThatCountsNothingIsNamed) {
  EXPECT_TRUE(every_queue_counts(kWho, {5, 5}, {37, 37}, 2));
  EXPECT_TRUE(every_queue_counts(kWho, {}, {}, 2)) << "not told";
  const auto silent = every_queue_counts(kWho, {5, 5}, {69, 5}, 2);
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().message, "dropper counted nothing on RX queue 1 of 2 on eth1");
  EXPECT_FALSE(every_queue_counts(kWho, {5, 5}, {69, 69}, 3));
}

}  // namespace
}  // namespace pktbench::method
