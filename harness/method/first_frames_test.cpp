#include "harness/method/first_frames.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace pktbench::method {
namespace {

Snapshot so_far(std::uint64_t sent, std::uint64_t received, DropCounts drops = {}) {
  Snapshot s;
  s.sent.packets = sent;
  s.received.packets = received;
  s.drops = std::move(drops);
  return s;
}

TEST(FirstFrames, OneThatNobodyCountsIsFound) {
  const Snapshot before = so_far(0, 0);
  EXPECT_TRUE(nothing_unnamed("dropper", before, so_far(64, 60, {{"ring", 4}}), 0));
  EXPECT_TRUE(nothing_unnamed("dropper", before, so_far(64, 63), 1));
  const auto lost = nothing_unnamed("dropper", before, so_far(64, 63), 0);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().message,
            "1 of the first 64 frames, which overload nothing, were neither counted by dropper nor "
            "named as dropped");
}

TEST(FirstFrames, AQueueThatCountsNothingIsNamed) {
  EXPECT_TRUE(every_queue_counts("dropper", "eth1", {5, 5}, {37, 37}, 2));
  EXPECT_TRUE(every_queue_counts("dropper", "eth1", {}, {}, 2)) << "not told";
  const auto silent = every_queue_counts("dropper", "eth1", {5, 5}, {69, 5}, 2);
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().message, "dropper counted nothing on RX queue 1 of 2 on eth1");
  EXPECT_FALSE(every_queue_counts("dropper", "eth1", {5, 5}, {69, 69}, 3));
}

}  // namespace
}  // namespace pktbench::method
