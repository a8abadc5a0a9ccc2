#include "harness/host/driver_facts.hpp"

#include <gtest/gtest.h>

namespace pktbench {
namespace {

TEST(DriverFacts, AChipIsGivenTheReleaseOfDpdkThatKnowsIt) {
  EXPECT_NE(dpdk_release_with("10ec:8125").find("since 24.11, as Debian 13"), std::string::npos);
  EXPECT_NE(dpdk_release_with("10ec:8168").find("since 25.03"), std::string::npos);
  EXPECT_NE(dpdk_release_with("10ec:8127").find("since 25.07"), std::string::npos);
  EXPECT_EQ(dpdk_release_with("10ec:8139"), "");
  EXPECT_EQ(dpdk_release_with(""), "");
}

TEST(DriverFacts, ADriverNobodyKnowsHasNoFact) {
  EXPECT_NE(driver_fact("r8169").find("no native XDP"), std::string::npos);
  EXPECT_EQ(driver_fact("nobodys"), "");
}

}  // namespace
}  // namespace pktbench
