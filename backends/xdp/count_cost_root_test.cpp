// Each place counts every frame, from two CPUs at once too.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "backends/xdp/count_cost.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/testing/need_root.hpp"

namespace pktbench::backends {
namespace {

constexpr std::uint32_t kCounted = 200'000;

class CountCostRoot : public ::testing::TestWithParam<CountPlace> {
 protected:
  void SetUp() override { NEED_ROOT(); }

  // On each of at most two CPUs.
  static std::uint64_t count_on_two(const CountCost& counting) {
    const std::vector<int> cpus = sys::allowed_cpus();
    const std::size_t used = std::min<std::size_t>(2, cpus.size());
    std::vector<std::thread> threads(used);
    for (std::size_t i = 0; i < used; ++i)
      EXPECT_TRUE(sys::start_pinned(threads[i], cpus[i], [&] {
        const auto ns = counting.count(kCounted);
        EXPECT_TRUE(ns && *ns > 0);
      }));
    for (std::thread& thread : threads) thread.join();
    return used * kCounted;
  }
};

TEST_P(CountCostRoot, EveryFrameIsCounted) {
  for (const std::uint32_t sources : {1U, 1000U}) {
    const auto counting = CountCost::load(GetParam(), {.sources = sources, .room = sources});
    ASSERT_TRUE(counting) << counting.error().message << counting.error().detail;
    const std::uint64_t frames = count_on_two(*counting);
    const auto sums = counting->sums();
    ASSERT_TRUE(sums) << sums.error().message;
    if (GetParam().name == "draw") {
      EXPECT_EQ(sums->counted, 0U);
    } else if (GetParam().name == "plain" || GetParam().forgets) {
      // Two CPUs at once lose some of what is not added atomically; an LRU forgets before it is
      // full.
      EXPECT_LE(sums->counted, frames);
      EXPECT_GT(sums->counted, 0U);
    } else {
      EXPECT_EQ(sums->counted, frames);
      EXPECT_EQ(sums->entries, GetParam().by_source ? sources : 1);
    }
    EXPECT_EQ(sums->no_room, 0U);
  }
}

class CountTableRoot : public CountCostRoot {};

TEST_P(CountTableRoot, WhatHasNoRoomIsCountedTogether) {
  const auto counting = CountCost::load(GetParam(), {.sources = 1000, .room = 100});
  ASSERT_TRUE(counting) << counting.error().message << counting.error().detail;
  const std::uint64_t frames = count_on_two(*counting);
  const auto sums = counting->sums();
  ASSERT_TRUE(sums) << sums.error().message;
  EXPECT_EQ(sums->counted + sums->no_room, frames);
  EXPECT_EQ(sums->entries, 100U);
  EXPECT_GT(sums->no_room, frames / 2);
}

std::vector<CountPlace> tables_that_fill_up() {
  std::vector<CountPlace> made;
  for (const CountPlace& place : count_places())
    if (place.by_source && !place.forgets) made.push_back(place);
  return made;
}

std::string place_name(const ::testing::TestParamInfo<CountPlace>& place) {
  return place.param.name;
}

INSTANTIATE_TEST_SUITE_P(Places, CountCostRoot, ::testing::ValuesIn(count_places()), place_name);
INSTANTIATE_TEST_SUITE_P(Places, CountTableRoot, ::testing::ValuesIn(tables_that_fill_up()),
                         place_name);

}  // namespace
}  // namespace pktbench::backends
