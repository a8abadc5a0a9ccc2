#include "harness/text/suggest.hpp"

#include <gtest/gtest.h>

namespace pktbench {
namespace {

const std::vector<std::string> kNames = {"udp-recvfrom", "udp-recvmmsg", "xdp-native",
                                         "xdp-generic", "tc-drop"};

TEST(Suggest, OneSlipOfAnyKindIsNear) {
  for (const char* slip : {"xdp-natve", "xdp-nativee", "xdp-mative", "xdp-naitve", "XDP-Native",
                           "xdp_native", "xdpnative"})
    EXPECT_EQ(nearest_name(slip, kNames), "xdp-native") << slip;
}

TEST(Suggest, ASwapOfNeighboursIsOneEdit) {
  EXPECT_EQ(nearest_name("ba", {"xy", "ab"}), "ab");
  EXPECT_EQ(nearest_name("bad", {"abd", "bcx"}), "abd");
}

TEST(Suggest, TheNearestWinsAndTheFirstWinsATie) {
  EXPECT_EQ(nearest_name("udp-recvmsg", kNames), "udp-recvmmsg");
  EXPECT_EQ(nearest_name("cat", {"bat", "rat"}), "bat");
}

TEST(Suggest, NothingIsNearToSomethingElse) {
  for (const std::string& other : {std::string(), std::string("x"), std::string("ebpf"),
                                   std::string("dpdk"), std::string(1'000'000, 'x')})
    EXPECT_EQ(nearest_name(other, kNames), std::nullopt);
  EXPECT_EQ(nearest_name("a", {"b"}), std::nullopt);
  EXPECT_EQ(nearest_name("a", {}), std::nullopt);
}

TEST(Suggest, ListsTheValidNamesWhereNoneIsNear) {
  EXPECT_EQ(suggestion("xdp-natve", kNames), "; did you mean \"xdp-native\"?");
  EXPECT_EQ(suggestion("dpdk", kNames),
            "; valid: udp-recvfrom, udp-recvmmsg, xdp-native, xdp-generic, tc-drop");
  EXPECT_EQ(suggestion("dpdk", {}), "");
}

TEST(Suggest, ALongListIsCut) {
  const std::string list = name_list(std::vector<std::string>(100, "backend"));
  EXPECT_LT(list.size(), 170u);
  EXPECT_TRUE(list.ends_with("backend, ...")) << list;
}

}  // namespace
}  // namespace pktbench
