#include "backends/common/loop_counters.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stop_token>
#include <thread>

namespace pktbench::backends {
namespace {

// A trial ends at the sample that has the last packet: what it has beside that is the result.
TEST(LoopCounters, NothingOfACountedPacketIsMissingBesideIt) {
  constexpr std::uint64_t kLast = 4'000'000;
  LoopCounters counters;
  std::jthread writer([&](const std::stop_token& stop) {
    for (std::uint64_t n = 1; n <= kLast && !stop.stop_requested(); ++n) {
      counters.not_sent.store(n, std::memory_order_relaxed);
      counters.store(n, 60 * n, 2 * n, 0);
    }
  });
  LoopCounts now;
  do {
    now = counters.load();
    ASSERT_GE(now.bytes, 60 * now.packets);
    ASSERT_GE(now.foreign, 2 * now.packets);
    ASSERT_GE(now.not_sent, now.packets);
  } while (now.packets < kLast);
  EXPECT_EQ(now.bytes, 60 * kLast);
  EXPECT_EQ(now.foreign, 2 * kLast);
}

}  // namespace
}  // namespace pktbench::backends
