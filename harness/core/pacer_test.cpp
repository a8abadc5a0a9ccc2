#include "harness/core/pacer.hpp"

#include <gtest/gtest.h>

namespace pktbench {
namespace {

constexpr std::uint64_t kStart = 7'000'000'000;

// A sender that looks at the clock every `step_ns` from `from` to `to`.
std::uint64_t run(Pacer& pacer, std::uint64_t sent, std::uint64_t from, std::uint64_t to,
                  std::uint64_t step_ns, unsigned batch) {
  for (std::uint64_t now = from; now < to; now += step_ns) sent += pacer.take(now, sent, batch);
  return sent;
}

TEST(Pacer, TheFirstFrameIsDueAtOnceAndTheNextAfterAnInterval) {
  Pacer pacer(1000, kStart);
  EXPECT_EQ(pacer.take(kStart, 0, 64), 1u);
  EXPECT_EQ(pacer.take(kStart, 1, 64), 0u);
  EXPECT_EQ(pacer.take(kStart + 999'999, 1, 64), 0u);
  EXPECT_EQ(pacer.take(kStart + 1'000'001, 1, 64), 1u);
}

TEST(Pacer, HoldsTheRateExactlyOverASecond) {
  for (double rate : {10'000.0, 100'000.0, 500'000.0, 1'488'095.0}) {
    Pacer pacer(rate, kStart);
    const auto sent = run(pacer, 0, kStart, kStart + 1'000'000'000, 137, 64);
    EXPECT_NEAR(static_cast<double>(sent), rate, 2) << rate;
  }
}

TEST(Pacer, CatchesUpAtTwiceTheRateAndInBatches) {
  Pacer pacer(100'000, kStart);
  std::uint64_t sent = run(pacer, 0, kStart, kStart + 10'000'000, 100, 64);
  // 20 ms away: 2,000 frames are late, and each 10 ms afterwards may make up for 1,000 of them.
  const std::uint64_t back = kStart + 30'000'000;
  EXPECT_EQ(pacer.take(back, sent, 64), 64u);
  sent += 64;
  const std::uint64_t before = sent;
  sent = run(pacer, sent, back, back + 10'000'000, 100, 64);
  EXPECT_LE(sent - before, 2064u);
  EXPECT_GE(sent - before, 1900u);
  sent = run(pacer, sent, back + 10'000'000, back + 30'000'000, 100, 64);
  EXPECT_EQ(sent, pacer.due(back + 29'999'900));
}

TEST(Pacer, ABatchOfOneNeverSendsTwoAtOnce) {
  Pacer pacer(100'000, kStart);
  const std::uint64_t late = kStart + 1'000'000;
  EXPECT_EQ(pacer.take(late, 0, 1), 1u);
  EXPECT_EQ(pacer.take(late, 1, 1), 0u);
  EXPECT_EQ(pacer.take(late + 4'999, 1, 1), 0u);
  EXPECT_EQ(pacer.take(late + 5'000, 1, 1), 1u);
}

TEST(Pacer, StaysExactAfterADay) {
  Pacer pacer(14'880'952, kStart);
  const std::uint64_t day = 86'400ull * 1'000'000'000;
  const auto sent = pacer.due(kStart + day);
  EXPECT_EQ(sent, 86'400ull * 14'880'952 + 1);
}

}  // namespace
}  // namespace pktbench
