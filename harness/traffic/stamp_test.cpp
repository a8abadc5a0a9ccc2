#include "bpf/stamp.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <numeric>
#include <vector>

#include "harness/core/delays.hpp"

namespace pktbench::traffic {
namespace {

// A receiver of frames that are their tag and no more.
class Receiver {
 public:
  void receive(std::uint64_t seq, std::uint64_t due_ns, std::uint64_t now_ns) {
    std::array<unsigned char, sizeof(pb_tag)> tag{};
    pb_tag_stamp_due(tag.data(), seq, due_ns);
    pb_count_stamp(stamps_.get(), tag.data(), now_ns);
  }
  DelayCounts counts() const { return stamp_counts(*stamps_); }
  std::uint64_t frames() const {
    const DelayCounts now = counts();
    return std::accumulate(now.buckets.begin(), now.buckets.end(), std::uint64_t{0});
  }
  // Frames with this delay.
  std::uint64_t with(std::uint64_t delay_ns) const {
    return counts().buckets[pb_histogram_index(delay_ns)];
  }

 private:
  std::unique_ptr<pb_stamps> stamps_ = std::make_unique<pb_stamps>();
};

TEST(Stamps, FramesInTurnAreCountedByTheirDelay) {
  Receiver r;
  for (std::uint64_t seq = 0; seq < 100'000; ++seq)
    r.receive(seq, 5'000 * seq, 5'000 * seq + (seq % 4 == 0 ? 700 : 80'000));
  EXPECT_EQ(r.with(700), 25'000u);
  EXPECT_EQ(r.with(80'000), 75'000u);
  EXPECT_EQ(r.frames(), 100'000u);
  EXPECT_EQ(r.counts().duplicated, 0u);
  EXPECT_EQ(r.counts().reordered, 0u);
}

TEST(Stamps, AFrameThatComesAgainIsNoSecondDelay) {
  Receiver r;
  for (const std::uint64_t seq : {0, 1, 2, 1, 2, 3, 3, 3}) r.receive(seq, 0, 50);
  EXPECT_EQ(r.counts().duplicated, 4u);
  EXPECT_EQ(r.counts().reordered, 0u);
  EXPECT_EQ(r.frames(), 4u);
}

// RFC 4737: 3 and 4 come after 5, which they were sent before. A gap is none.
TEST(Stamps, AFrameIsReorderedThatComesAfterALaterOne) {
  Receiver r;
  for (const std::uint64_t seq : {0, 1, 5, 3, 4, 6, 9}) r.receive(seq, 0, 50);
  EXPECT_EQ(r.counts().reordered, 2u);
  EXPECT_EQ(r.counts().duplicated, 0u);
  EXPECT_EQ(r.frames(), 7u);
}

TEST(Stamps, SequenceNumbersBeginAgainAndNothingIsSeenInIt) {
  Receiver r;
  constexpr std::uint64_t kLast = 0xffffffff;
  for (std::uint64_t quarter = 0; quarter < 4; ++quarter) r.receive(quarter << 30, 0, 50);
  for (std::uint64_t seq = kLast - 20'000; seq < kLast + 20'000; ++seq) r.receive(seq, 0, 50);
  EXPECT_EQ(r.frames(), 40'004u);
  EXPECT_EQ(r.counts().duplicated, 0u);
  EXPECT_EQ(r.counts().reordered, 0u);
}

TEST(Stamps, TheStampBeginsAgainAndTheDelayIsRight) {
  Receiver r;
  r.receive(0, PB_STAMP_MASK - 99, PB_STAMP_MASK + 901);
  r.receive(1, PB_STAMP_MASK + 500, PB_STAMP_MASK + 1500);
  EXPECT_EQ(r.with(1000), 2u);
  EXPECT_EQ(r.counts().early, 0u);
}

TEST(Stamps, WhatCannotBeIsCountedAndNamed) {
  Receiver r;
  r.receive(0, 1'000, 999);
  r.receive(1, 1'000, 1'000 + PB_HISTOGRAM_HIGHEST + 1);
  r.receive(2, 1'000, 1'000 + PB_HISTOGRAM_HIGHEST);
  EXPECT_EQ(r.counts().early, 1u);
  EXPECT_EQ(r.counts().beyond, 1u);
  EXPECT_EQ(r.with(0), 1u);
  EXPECT_EQ(r.with(PB_HISTOGRAM_HIGHEST), 2u);
}

}  // namespace
}  // namespace pktbench::traffic
