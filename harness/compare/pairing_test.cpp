#include "harness/compare/pairing.hpp"

#include <gtest/gtest.h>

namespace pktbench {
namespace {

using Values = std::vector<double>;

const Points kBase = {{0, 0, 10}, {1, 1, 11}, {2, 0, 12}, {3, 0, 13}};
const Points kNext = {{0, 0, 20}, {1, 0, 21}, {2, 1, 22}, {4, 1, 24}};

TEST(Pairing, IsByRoundWhereTheConditionIsEqual) {
  const PointPairs pairs = pair_points(kBase, kNext);
  EXPECT_EQ(pairs.base, (Values{10}));
  EXPECT_EQ(pairs.next, (Values{20}));
  EXPECT_EQ(pairs.unlike, 2u);
}

TEST(Pairing, NothingInCommonIsNoPair) {
  EXPECT_TRUE(pair_points({{0, 0, 1}}, {{0, 1, 2}}).base.empty());
  EXPECT_EQ(pair_points({{0, 0, 1}}, {{0, 1, 2}}).unlike, 1u);
  EXPECT_TRUE(pair_points({}, kNext).base.empty());
  EXPECT_TRUE(commonest_condition({}).base.empty());
}

TEST(Pairing, OneConditionIsLookedAtAlone) {
  const Points next = {{0, 0, 20}, {1, 1, 21}, {2, 0, 22}};
  const PointPairs most = commonest_condition(pair_points(kBase, next));
  EXPECT_EQ(most.base, (Values{10, 12}));
  EXPECT_EQ(most.next, (Values{20, 22}));
}

}  // namespace
}  // namespace pktbench
