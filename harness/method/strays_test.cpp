#include "harness/method/strays.hpp"

#include <gtest/gtest.h>

#include "harness/core/clock.hpp"

namespace pktbench::method {
namespace {

// 5 ms apart; of the two counts of the same frames the backend's and, where it tells, the port's.
std::vector<Arrivals> readings(const std::vector<std::uint64_t>& counted,
                               const std::vector<std::uint64_t>& at_port = {}) {
  std::vector<Arrivals> made;
  for (std::size_t i = 0; i < counted.size(); ++i) {
    made.push_back({7 + i * 5 * kMillisecond, counted[i], {}});
    if (!at_port.empty()) made.back().ports.received = at_port[i];
  }
  return made;
}

bool steady(const std::vector<Arrivals>& made, double window_s = 1, std::uint64_t tolerance = 0) {
  return idle_arrivals(made).steady(window_s, tolerance);
}

TEST(Strays, AnIdleLinkOnWhichNothingMovesHasNone) {
  EXPECT_EQ(idle_arrivals(readings({90, 90, 90, 90})).frames, 0u);
  EXPECT_FALSE(steady(readings({90, 90, 90, 90})));
  EXPECT_FALSE(steady({}));
  EXPECT_FALSE(steady(readings({90})));
}

TEST(Strays, WhatComesOneAfterTheOtherIsSteady) {
  const IdleArrivals found = idle_arrivals(readings({90, 95, 100, 105, 110}));
  EXPECT_EQ(found.frames, 20u);
  EXPECT_EQ(found.repeated, 15u);
  EXPECT_DOUBLE_EQ(found.seconds, 0.02);
  EXPECT_TRUE(found.steady(1, 0));
  EXPECT_EQ(rate_text(found), "about 1000 a second");
}

TEST(Strays, ALoneFrameABurstAndALateCounterAreNotSteady) {
  EXPECT_FALSE(steady(readings({90, 90, 91, 91, 91})));
  EXPECT_FALSE(steady(readings({90, 90, 190, 190, 190})));
  EXPECT_FALSE(steady(readings({0, 0, 0, 0, 0}, {5, 5, 1'000'005, 1'000'005, 1'000'005})));
  EXPECT_TRUE(steady(readings({90, 90, 91, 91, 92})));
}

TEST(Strays, WhatTheBackendDoesNotSeeThePortDoes) {
  EXPECT_TRUE(steady(readings({0, 0, 0, 0}, {3, 4, 5, 6})));
  // Seen by both it is one frame.
  EXPECT_EQ(idle_arrivals(readings({0, 1, 2, 3}, {3, 4, 5, 6})).frames, 3u);
  // A device that was reset.
  EXPECT_FALSE(steady(readings({0, 0, 0, 0}, {900, 5, 5, 5})));
}

TEST(Strays, TheToleranceIsOfAWindow) {
  // Without the interval with most, 3 in 20 ms: 150 a second.
  const auto made = readings({0, 1, 2, 3, 4});
  EXPECT_TRUE(steady(made, 1, 149));
  EXPECT_FALSE(steady(made, 1, 151));
  EXPECT_FALSE(steady(made, 0.5, 76));
}

TEST(Strays, ARateIsToldWithTwoDigits) {
  EXPECT_EQ(rate_text({.frames = 1, .repeated = 0, .seconds = 0.5}), "about 2 a second");
  EXPECT_EQ(rate_text({.frames = 1234, .repeated = 0, .seconds = 1}), "about 1200 a second");
}

// 1,000 offered and received.
TrialRecord exact() {
  TrialRecord record;
  record.offered.packets = record.received.packets = 1000;
  return record;
}

TEST(Strays, InAWindowAreThoseWithoutTheTagOrBeyondWhatWasOffered) {
  EXPECT_EQ(foreign_in_window(exact(), {}, {}), 0u);
  TrialRecord tagged = exact();
  tagged.received.foreign = 4;
  EXPECT_EQ(foreign_in_window(tagged, {}, {}), 4u);
  EXPECT_EQ(foreign_in_window(exact(), {50, {}}, {1057, {}}), 7u);
  EXPECT_EQ(foreign_in_window(exact(), {50, 20}, {950, 1023}), 3u);
  EXPECT_EQ(foreign_in_window(exact(), {50, 20}, {1050, 1020}), 0u);
}

TEST(Strays, ASurplusThatThePortDeniesIsAFaultOfTheCount) {
  TrialRecord twice = exact();
  twice.received.packets = 2000;
  twice.unaccounted = -1000;
  EXPECT_EQ(foreign_in_window(twice, {50, {}}, {1050, {}}), 0u);
  // One that does not tell, or does not count what XDP drops, denies nothing.
  EXPECT_EQ(foreign_in_window(twice, {}, {}), 1000u);
  EXPECT_EQ(foreign_in_window(twice, {50, {}}, {60, {}}), 1000u);
}

}  // namespace
}  // namespace pktbench::method
