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
                {}, record);
  EXPECT_EQ(record.offered.packets, 1000u);
  EXPECT_EQ(record.received.packets, 860u);
  EXPECT_EQ(record.drops, (DropCounts{{"ring", 20}, {"socket", 7}}));
  EXPECT_EQ(record.unaccounted, 113);
}

TEST(Snapshot, TheDropsOfACounterThatWentBackAreMissing) {
  TrialRecord record;
  count_between(counted(0, 0, {{"ring", 10}}), counted(5, 5, {{"ring", 3}}), {}, record);
  EXPECT_TRUE(record.drops.empty());
  EXPECT_EQ(record.missing.at("drops.ring"),
            "its counter went back from 10 to 3: the device was reset");
}

Snapshot on_wire(std::uint64_t sent, std::uint64_t left, std::uint64_t received) {
  Snapshot s = counted(sent, received);
  s.sent.bytes = sent * 60;
  s.left_the_port = left;
  return s;
}

TEST(Snapshot, OfAMixWhatNeverLeftThePortHasTheMeanSize) {
  TrialRecord record;
  Snapshot before = on_wire(0, 0, 0);
  Snapshot after = on_wire(1200, 900, 900);
  after.sent.bytes = 100 * (7 * 60 + 4 * 590 + 1514);
  count_between(before, after, {}, record);
  EXPECT_EQ(record.offered.packets, 900u);
  EXPECT_EQ(record.offered.bytes, 75u * (7 * 60 + 4 * 590 + 1514));
}

TEST(Snapshot, WhatNeverLeftThePortWasNotOffered) {
  TrialRecord record;
  count_between(on_wire(100, 100, 100), on_wire(1100, 900, 900), {}, record);
  EXPECT_EQ(record.offered.packets, 800u);
  EXPECT_EQ(record.offered.bytes, 800u * 60);
  EXPECT_EQ(record.offered.not_taken, 200u);
  EXPECT_EQ(record.left_the_port, 800u);
  EXPECT_EQ(record.unaccounted, 0);
  // Others' frames that leave it make no offer greater than the generator's.
  count_between(on_wire(100, 100, 100), on_wire(1100, 1103, 1100), {}, record);
  EXPECT_EQ(record.offered.packets, 1000u);
  EXPECT_EQ(record.offered.not_taken, 0u);
}

TEST(Snapshot, OnAWireItIsNotSettledWhileFramesMayStillLeaveThePort) {
  const Snapshot first = on_wire(0, 0, 0);
  EXPECT_FALSE(on_wire(10, 4, 4).settled(first));
  EXPECT_TRUE(on_wire(10, 4, 4).settled_on_wire(first));
  EXPECT_FALSE(on_wire(10, 4, 3).settled_on_wire(first));
  EXPECT_FALSE(counted(10, 4).settled_on_wire(counted(0, 0)));
}

struct Turn {
  std::uint64_t counted;
  std::int64_t unaccounted;  // beside that
  std::optional<std::uint64_t> drops;
};

TEST(Snapshot, AShortCounterHasTheTurnsThatNothingElseExplains) {
  const DropCounts turns = {{"ring", 65'536}};
  for (const Turn& t :
       {Turn{10, 0, 10}, Turn{10, 3, 10}, Turn{10, -2, 10}, Turn{10, 65'536, 65'546},
        Turn{0, 3 * 65'536, 3 * 65'536}, Turn{10, 65'537, std::nullopt}}) {
    const auto received = static_cast<std::uint64_t>(1'000'000 - t.unaccounted) - t.counted;
    TrialRecord record;
    count_between(counted(0, 0, {{"ring", 0}}), counted(1'000'000, received, {{"ring", t.counted}}),
                  turns, record);
    EXPECT_EQ(record.drops.contains("ring"), t.drops.has_value()) << t.unaccounted;
    EXPECT_EQ(record.missing.contains("drops.ring"), !t.drops) << t.unaccounted;
    EXPECT_EQ(count_of(record.drops, "ring"), t.drops.value_or(0)) << t.unaccounted;
    std::uint64_t lost = 0;
    for (const auto& [place, n] : record.drops) lost += n;
    EXPECT_EQ(record.unaccounted, static_cast<std::int64_t>(1'000'000 - received - lost));
  }
}

TEST(Snapshot, WhatWasDroppedIsToldByPlace) {
  EXPECT_EQ(dropped_since(counted(0, 0, {{"a", 1}}), counted(9, 0, {{"a", 1}})), "");
  EXPECT_EQ(dropped_since(counted(0, 0, {{"a", 1}}), counted(9, 0, {{"a", 3}, {"b", 4}})),
            "; dropped: a 2, b 4");
}

}  // namespace
}  // namespace pktbench::method
