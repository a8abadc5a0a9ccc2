#include "harness/measure/conditions.hpp"

#include <gtest/gtest.h>

namespace pktbench {
namespace {

std::vector<Condition> at(const std::vector<double>& distances) {
  std::vector<Condition> made;
  for (const double ns : distances) made.push_back({.cpu_distance_ns = ns});
  return made;
}

std::vector<std::size_t> groups(const std::vector<Condition>& all) {
  const ConditionGroups found(all);
  std::vector<std::size_t> made;
  for (const Condition& c : all) made.push_back(found.of(c));
  return made;
}

TEST(Conditions, TwoDistancesAreTwoAndTheCommonestIsTheFirst) {
  EXPECT_EQ(groups(at({92, 420, 80, 431, 88, 100})), (std::vector<std::size_t>{0, 1, 0, 1, 0, 0}));
  EXPECT_EQ(groups(at({92, 420, 398})), (std::vector<std::size_t>{1, 0, 0}));
  const auto all = at({92, 420, 80, 431, 88, 100});
  const ConditionGroups found(all);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found.members(0), 4u);
  EXPECT_DOUBLE_EQ(*found.typical(0).cpu_distance_ns, 90);
  EXPECT_DOUBLE_EQ(*found.typical(1).cpu_distance_ns, 425.5);
}

TEST(Conditions, AFewVeryNearReadingsDoNotMakeTheUsualOnesFar) {
  std::vector<double> distances(19, 220);
  distances.push_back(40);
  const ConditionGroups found(at(distances));
  EXPECT_EQ(found.of({.cpu_distance_ns = 220}), 0u);
  EXPECT_EQ(found.of({.cpu_distance_ns = 40}), 1u);
}

// 50 and 800 are no one condition, whatever lies between.
TEST(Conditions, AChainOfFactorsOfTwoIsNoGroup) {
  const auto made = groups(at({50, 90, 160, 290, 500, 800}));
  EXPECT_NE(made[0], made[2]);
  EXPECT_NE(made[2], made[4]);
  EXPECT_NE(made[0], made[5]);
  EXPECT_EQ(made[0], made[1]);
}

TEST(Conditions, AnotherWayToIdleIsAnotherCondition) {
  std::vector<Condition> all = at({90, 90, 90});
  all[1].idle = "sleep";
  all[2].idle = "sleep";
  EXPECT_EQ(groups(all), (std::vector<std::size_t>{1, 0, 0}));
}

TEST(Conditions, WhatWasNotReadIsAConditionOfItsOwn) {
  std::vector<Condition> all = at({90, 90});
  all.push_back({});
  EXPECT_EQ(groups(all), (std::vector<std::size_t>{0, 0, 1}));
  EXPECT_FALSE(ConditionGroups(all).typical(1).cpu_distance_ns.has_value());
  EXPECT_EQ(groups({{}, {}}), (std::vector<std::size_t>{0, 0}));
  EXPECT_EQ(ConditionGroups({}).size(), 0u);
}

TEST(Conditions, SayTheDistanceInWords) {
  EXPECT_EQ(in_words({.cpu_distance_ns = 92.4, .idle = "poll"}),
            "CPUs near: 92 ns; idle CPUs poll");
  EXPECT_EQ(in_words({.cpu_distance_ns = 220, .cpu_mhz = 2399.7}), "CPUs 220 ns apart; 2400 MHz");
  EXPECT_EQ(in_words({.cpu_distance_ns = 420}), "CPUs far apart: 420 ns");
  EXPECT_EQ(in_words({}), "");
}

}  // namespace
}  // namespace pktbench
