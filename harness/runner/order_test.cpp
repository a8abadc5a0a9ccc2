#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include "harness/runner/run.hpp"

namespace pktbench {
namespace {

TEST(RoundOrder, HasEveryCaseOnce) {
  for (const std::size_t cases : {1u, 2u, 7u, 100u})
    for (int round = 0; round < 20; ++round) {
      std::vector<std::size_t> order = round_order(42, round, cases);
      std::sort(order.begin(), order.end());
      std::vector<std::size_t> all(cases);
      std::iota(all.begin(), all.end(), std::size_t{0});
      EXPECT_EQ(order, all);
    }
  EXPECT_TRUE(round_order(42, 0, 0).empty());
}

// A literal order: another compiler or library must shuffle alike, or a run is not repeated.
TEST(RoundOrder, IsOfTheSeedAndTheRoundAlone) {
  EXPECT_EQ(round_order(42, 3, 8), round_order(42, 3, 8));
  EXPECT_EQ(round_order(1, 0, 8), (std::vector<std::size_t>{0, 5, 4, 3, 2, 6, 1, 7}));
  EXPECT_EQ(round_order(4'294'967'295, 9, 5), (std::vector<std::size_t>{0, 3, 4, 1, 2}));
}

TEST(RoundOrder, DiffersBetweenRoundsAndSeeds) {
  std::set<std::vector<std::size_t>> rounds;
  std::set<std::vector<std::size_t>> seeds;
  for (int i = 0; i < 50; ++i) {
    rounds.insert(round_order(42, i, 12));
    seeds.insert(round_order(static_cast<std::uint64_t>(i), 0, 12));
  }
  EXPECT_EQ(rounds.size(), 50u);
  EXPECT_EQ(seeds.size(), 50u);
}

// No case is first, or follows another one, more often than chance has it.
TEST(RoundOrder, FavoursNobody) {
  constexpr int kRounds = 6000;
  std::array<std::array<int, 3>, 3> at{};
  for (int round = 0; round < kRounds; ++round) {
    const auto order = round_order(7, round, 3);
    for (std::size_t place = 0; place < 3; ++place) ++at[order[place]][place];
  }
  // Six standard deviations of a binomial count.
  for (const auto& of_case : at)
    for (const int n : of_case) EXPECT_NEAR(n, kRounds / 3, 6 * 37);
}

TEST(Restarts, BlocksAreAsEqualAsTheyCanBe) {
  const auto blocks = [](int rounds, int restarts) {
    std::vector<int> made;
    for (int round = 0; round < rounds; ++round) made.push_back(block_of(round, rounds, restarts));
    return made;
  };
  EXPECT_EQ(blocks(6, 3), (std::vector<int>{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(blocks(5, 2), (std::vector<int>{0, 0, 0, 1, 1}));
  EXPECT_EQ(blocks(4, 4), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(blocks(3, 1), (std::vector<int>{0, 0, 0}));
  EXPECT_EQ(block_of(9, 4, 2), 1) << "rounds beyond those planned are of the last";
}

}  // namespace
}  // namespace pktbench
