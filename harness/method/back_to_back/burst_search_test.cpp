#include "harness/method/back_to_back/burst_search.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <utility>

namespace pktbench::method {
namespace {

struct Tried {
  BurstFinding found;
  std::vector<Burst> bursts;
};

Tried tried(const BurstRules& rules,
            const std::function<std::uint64_t(std::uint64_t frames, std::size_t index)>& lost) {
  Tried made;
  while (made.bursts.size() < 500) {
    const auto next = BurstSearch(rules, made.bursts).next();
    if (!next) break;
    made.bursts.push_back({*next, lost(*next, made.bursts.size())});
  }
  made.found = BurstSearch(rules, made.bursts).find();
  return made;
}

auto holds(std::uint64_t buffer) {
  return [=](std::uint64_t frames, std::size_t) { return frames > buffer ? frames - buffer : 0; };
}

TEST(BurstSearch, FindsEveryBufferWithinTheWidthInFewBursts) {
  const BurstRules rules{20'000'000, 0.01, 0};
  for (const std::uint64_t buffer : {1u, 2u, 255u, 256u, 4096u, 1'000'000u, 19'999'999u}) {
    const Tried t = tried(rules, holds(buffer));
    ASSERT_EQ(t.found.reason, "") << buffer;
    EXPECT_LE(*t.found.longest, buffer);
    EXPECT_GT(*t.found.shortest, buffer);
    const double width = static_cast<double>(*t.found.shortest - *t.found.longest);
    EXPECT_LE(width, std::max(1.0, 0.01 * static_cast<double>(*t.found.shortest)));
    EXPECT_LE(t.bursts.size(), 16u) << buffer;
  }
}

TEST(BurstSearch, WithoutAWidthItIsExact) {
  const Tried t = tried({1'000'000, 0, 0}, holds(12'345));
  EXPECT_EQ(t.found.longest, 12'345u);
  EXPECT_EQ(t.found.shortest, 12'346u);
}

TEST(BurstSearch, TheLongestThatLosesNothingIsALowerBound) {
  const Tried t = tried({5000, 0.01, 1}, holds(5000));
  EXPECT_EQ(t.bursts.size(), 1u);
  EXPECT_EQ(t.found.longest, 5000u);
  EXPECT_EQ(t.found.shortest, std::nullopt);
  EXPECT_EQ(t.found.reason, kLongestBurst);
}

TEST(BurstSearch, WhereEveryBurstLosesThereIsNone) {
  const Tried t = tried({5000, 0.01, 1}, holds(0));
  EXPECT_EQ(t.found.longest, std::nullopt);
  EXPECT_EQ(t.found.shortest, 1u);
  EXPECT_NE(t.found.reason, "");
}

TEST(BurstSearch, ALossThatDoesNotComeAgainIsNone) {
  // The first burst that the buffer holds.
  const auto once = [first = true](std::uint64_t frames, std::size_t) mutable -> std::uint64_t {
    return frames > 4096 || std::exchange(first, false) ? 1 : 0;
  };
  const Tried with = tried({1'000'000, 0.01, 1}, once);
  EXPECT_EQ(with.found.reason, "");
  EXPECT_NEAR(static_cast<double>(*with.found.longest), 4096, 41);
  const Tried without = tried({1'000'000, 0.01, 0}, once);
  EXPECT_LT(without.found.longest.value_or(0), 1000u);
}

}  // namespace
}  // namespace pktbench::method
