#include "harness/live/watch_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace pktbench {
namespace {

using testing::HasSubstr;
using testing::Not;

// The numbers behind a row's name.
std::string row_of(const std::string& table, const std::string& name) {
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + " ")) {
      std::istringstream words(line.substr(name.size()));
      std::string made;
      for (std::string word; words >> word;) made += (made.empty() ? "" : " ") + word;
      return made;
    }
  return "no row";
}

WatchCounts counts(double seconds, FrameCount all) {
  WatchCounts made;
  made.seconds = seconds;
  made.all = all;
  made.queues[0] = all;
  made.cpus[3] = all;
  return made;
}

TEST(WatchText, ALineHasTheSumsSinceTheBeginningAndTheRatesSinceTheLastOne) {
  EXPECT_EQ(watch_line(counts(2, {100, 6000}), counts(4, {500, 30000})),
            "4.0 s  500 packets  30000 bytes  200 packets/s  0.1 Mbit/s\n");
}

TEST(WatchText, TheTableHasARowForEachQueueAndCpu) {
  WatchCounts now = counts(1, {1500000, 90000000});
  now.queues[64] = {7, 420};
  const std::string table = watch_table({}, now, 10, {});
  EXPECT_EQ(row_of(table, "all"), "1500000 90000000 1500000 720.0");
  EXPECT_EQ(row_of(table, "queue 0"), "1500000 90000000 1500000 720.0");
  EXPECT_EQ(row_of(table, "CPU 3"), "1500000 90000000 1500000 720.0");
  EXPECT_EQ(row_of(table, "queues from 64"), "7 420 7 0.0");
}

TEST(WatchText, TheBusiestAddressesComeFirstAndTheOthersAreOneRow) {
  WatchCounts before = counts(1, {});
  WatchCounts now = counts(2, {});
  before.addresses.emplace();
  now.addresses.emplace();
  before.addresses->counts["10.0.0.1"] = {1000, 60000};  // it has fallen silent
  now.addresses->counts = {{"10.0.0.1", {1000, 60000}},
                           {"10.0.0.2", {5, 300}},
                           {"10.0.0.3", {9, 540}},
                           {"fe80::1", {2, 120}}};
  now.addresses->without_address = {4, 240};
  const std::string table = watch_table(before, now, 2, {});
  EXPECT_LT(table.find("10.0.0.3"), table.find("10.0.0.2"));
  EXPECT_THAT(table, Not(HasSubstr("10.0.0.1 ")));
  EXPECT_EQ(row_of(table, "2 other addresses"), "1002 60120 2 0.0");
  EXPECT_EQ(row_of(table, "no IP"), "4 240 4 0.0");
  EXPECT_THAT(table, Not(HasSubstr("table full")));
}

TEST(WatchText, TwoReadingsAtOneMomentHaveNoRate) {
  EXPECT_THAT(watch_line(counts(1, {}), counts(1, {5, 300})),
              HasSubstr("  0 packets/s  0.0 Mbit/s"));
}

}  // namespace
}  // namespace pktbench
