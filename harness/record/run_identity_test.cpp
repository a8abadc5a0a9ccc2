#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "harness/record/run_document.hpp"

namespace pktbench {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

TEST(RunId, LooksLikeAUuidAndIsNeverTheSame) {
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = random_run_id();
    EXPECT_TRUE(std::regex_match(id, form)) << id;
    EXPECT_TRUE(seen.insert(id).second) << id;
  }
}

TEST(RunDir, IsNamedByTimeHostAndScenario) {
  const system_clock::time_point at(milliseconds(1'767'323'045'999));
  EXPECT_EQ(run_dir_name("results", "example", "drop", at),
            "results/20260102T030405Z-example-drop");
  EXPECT_EQ(run_dir_name("/r", "a/b", "x y\n..", at), "/r/20260102T030405Z-a-b-x-y-..");
  EXPECT_EQ(default_run_dir("r", "s").find("r/2"), 0u);
  EXPECT_FALSE(host_name().empty());
}

}  // namespace
}  // namespace pktbench
