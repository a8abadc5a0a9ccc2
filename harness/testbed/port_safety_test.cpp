#include "harness/testbed/port_safety.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace pktbench {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

constexpr const char* kDefaultRoute = "the default route (IPv4, table main)";

NetDevice device(unsigned ifindex, const std::string& name, const std::string& kind = "",
                 std::vector<unsigned> lower = {}) {
  NetDevice d;
  d.ifindex = ifindex;
  d.name = name;
  d.kind = kind;
  d.lower = std::move(lower);
  return d;
}

TEST(PortSafety, APortThatCarriesNothingIsAllowed) {
  NetworkState state{{device(2, "eth0"), device(3, "eth1")}, {{3, kDefaultRoute}}, {}};
  const auto verdict = judge_port("eth0", {}, state);
  EXPECT_TRUE(verdict.allowed);
  EXPECT_EQ(verdict.reasons, Strings{});
  EXPECT_EQ(verdict.interfaces, Strings{"eth0"});
}

TEST(PortSafety, TheDefaultRouteOnABridgeOverAVlanOverThePortRefusesIt) {
  NetworkState state{{device(2, "eth0"), device(3, "eth0.5", "vlan", {2}),
                      device(4, "br0", "bridge"), device(5, "eth1")},
                     {{4, kDefaultRoute}},
                     {}};
  state.devices[1].master = 4;
  const auto verdict = judge_port("eth0", {}, state);
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.reasons, Strings{"eth0 carries the default route (IPv4, table main) through "
                                     "br0 (bridge) over eth0.5 (vlan)"});
  EXPECT_TRUE(judge_port("eth1", {}, state).allowed);
}

TEST(PortSafety, EveryMasterCarriesForItsMembers) {
  for (const char* kind : {"bridge", "bond", "team", "vrf"}) {
    NetworkState state{{device(2, "eth0"), device(3, "top0", kind)}, {{3, kDefaultRoute}}, {}};
    state.devices[0].master = 3;
    const auto verdict = judge_port("eth0", {}, state);
    ASSERT_EQ(verdict.reasons.size(), 1u) << kind;
    EXPECT_EQ(verdict.reasons[0],
              std::string("eth0 carries ") + kDefaultRoute + " through top0 (" + kind + ")");
  }
}

TEST(PortSafety, DevicesThatRestOnEachOtherAreWalkedOnce) {
  // A veth pair in one namespace.
  NetworkState state{{device(2, "v0", "veth", {3}), device(3, "v1", "veth", {2})}, {}, {}};
  EXPECT_TRUE(judge_port("v0", {}, state).allowed);
  state.uses.push_back({3, kDefaultRoute});
  EXPECT_FALSE(judge_port("v0", {}, state).allowed);
}

TEST(PortSafety, AVirtualFunctionCarriesForItsPort) {
  NetworkState state{{device(2, "eth0"), device(3, "eth0v1")}, {{3, kDefaultRoute}}, {}};
  state.devices[0].pci = "0000:01:00.0";
  state.devices[1].pci = "0000:01:10.0";
  state.devices[1].physical_function = "0000:01:00.0";
  EXPECT_FALSE(judge_port("eth0", {}, state).allowed);
}

TEST(PortSafety, InterfacesOfOnePciFunctionAreJudgedTogether) {
  NetworkState state{{device(2, "eth0"), device(3, "eth1")}, {{3, kDefaultRoute}}, {}};
  state.devices[0].pci = state.devices[1].pci = "0000:01:00.0";
  for (const char* port : {"eth0", "eth1", "0000:01:00.0", "01:00.0"})
    EXPECT_EQ(judge_port(port, {}, state).reasons,
              Strings{std::string("eth1 carries ") + kDefaultRoute})
        << port;
}

TEST(PortSafety, WhatCannotBeAskedRefusesEveryPort) {
  NetworkState state{{device(2, "eth0")}, {}, {"where the default route leads: no answer"}};
  const auto verdict = judge_port("eth0", {}, state);
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.reasons, Strings{"it cannot be told where the default route leads: no answer"});
}

TEST(PortSafety, AnUnknownPortIsRefused) {
  EXPECT_FALSE(judge_port("eth7", {}, NetworkState{{device(2, "eth0")}, {}, {}}).allowed);
}

TEST(PortSafety, TheLoopbackIsNoPort) {
  NetworkState state{{device(1, "lo")}, {}, {}};
  state.devices[0].loopback = true;
  EXPECT_FALSE(judge_port("lo", {}, state).allowed);
}

TEST(PortSafety, OnlyPortsOnTheAllowListAreAllowed) {
  NetworkState state{{device(2, "eth0"), device(3, "eth1"), device(4, "v0", "veth")}, {}, {}};
  state.devices[0].pci = "0000:01:00.0";
  state.devices[1].pci = "0000:02:00.0";
  const SafetyPolicy policy{{"01:00.0"}, ""};
  EXPECT_TRUE(judge_port("eth0", policy, state).allowed);
  EXPECT_EQ(judge_port("eth1", policy, state).reasons,
            Strings{"eth1 (0000:02:00.0) is not on the allow-list"});
  EXPECT_FALSE(judge_port("v0", policy, state).allowed);
  // And the list waives nothing.
  state.uses.push_back({2, kDefaultRoute});
  EXPECT_FALSE(judge_port("eth0", policy, state).allowed);
}

TEST(PortSafety, TheOverrideMustRepeatTheName) {
  NetworkState state{{device(2, "eth0"), device(3, "eth1")}, {{2, kDefaultRoute}}, {}};
  const auto wrong = judge_port("eth0", {{}, "eth1"}, state);
  EXPECT_FALSE(wrong.allowed);
  EXPECT_EQ(wrong.reasons[0], "the override names \"eth1\", which is not eth0");
  const auto right = judge_port("eth0", {{}, "eth0"}, state);
  EXPECT_TRUE(right.allowed);
  EXPECT_EQ(right.waived, Strings{std::string("eth0 carries ") + kDefaultRoute});
}

TEST(PortSafety, AForeignProgramIsNotReplacedWhateverIsSaid) {
  NetworkState state{{device(2, "eth0")}, {}, {}};
  state.devices[0].xdp = {{"driver", 42}};
  for (const char* override_name : {"", "eth0"}) {
    const auto verdict = judge_port("eth0", {{}, override_name}, state);
    EXPECT_FALSE(verdict.allowed);
    EXPECT_NE(verdict.reasons[0].find("id 42, driver"), std::string::npos) << verdict.reasons[0];
  }
}

TEST(PortSafety, PciAddressesAreWrittenInFull) {
  EXPECT_EQ(full_pci_address("01:00.0"), "0000:01:00.0");
  EXPECT_EQ(full_pci_address("0000:0A:1f.7"), "0000:0a:1f.7");
  EXPECT_EQ(full_pci_address("eth0"), "");
  EXPECT_EQ(full_pci_address("01:00.8"), "");
}

sys::Route route(int family, std::uint32_t table, unsigned prefix, std::vector<unsigned> devices,
                 std::uint32_t nexthop = 0) {
  return {family, table, prefix, true, std::move(devices), nexthop};
}

TEST(DefaultRoutes, AreThoseOfEveryTablePathAndNexthopObject) {
  const std::vector<sys::Nexthop> nexthops = {{1, 7, {}}, {2, 8, {}}, {3, 0, {1, 2}}};
  const auto uses = default_routes(
      {route(AF_INET, 254, 0, {2}), route(AF_INET6, 254, 0, {3}), route(AF_INET, 77, 0, {4, 5}),
       route(AF_INET6, 254, 0, {}, 3), route(AF_INET, 254, 24, {9}), route(AF_INET, 254, 1, {6})},
      nexthops);
  std::vector<unsigned> ifindexes;
  for (const NetworkUse& use : uses) ifindexes.push_back(use.ifindex);
  ASSERT_EQ(ifindexes, (std::vector<unsigned>{2, 3, 4, 5, 7, 8, 6}));
  EXPECT_EQ(uses[1].what, "the default route (IPv6, table main)");
  EXPECT_EQ(uses[2].what, "the default route (IPv4, table 77)");
}

TEST(DefaultRoutes, ARouteToNowhereIsNone) {
  sys::Route unreachable = route(AF_INET6, 254, 0, {1});
  unreachable.unicast = false;
  EXPECT_TRUE(default_routes({unreachable}, {}).empty());
}

class Endpoints : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("pktbench-endpoints-" + std::to_string(getpid()));
    put("proc/mounts", "/dev/vda / ext4 rw 0 0\n");
    put("proc/cmdline", "quiet root=/dev/vda");
  }
  void TearDown() override { fs::remove_all(root_); }
  void put(const std::string& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << text;
  }
  std::vector<Endpoint> storage() {
    unknown_.clear();
    return storage_endpoints(root_ / "proc", root_ / "sys", unknown_);
  }
  fs::path root_;
  Strings unknown_;
};

TEST_F(Endpoints, ALocalRootHasNone) {
  EXPECT_TRUE(storage().empty());
  EXPECT_TRUE(unknown_.empty());
}

TEST_F(Endpoints, AnNfsRootIsReachedByTheMountsAddress) {
  put("proc/mounts", "srv:/root / nfs4 rw,vers=4.2,clientaddr=10.0.0.9,addr=10.0.0.1 0 0\n");
  const auto found = storage();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].remote, "10.0.0.1");
  EXPECT_EQ(found[0].local, "10.0.0.9");
  EXPECT_EQ(found[0].what, "the NFS file system on / (server 10.0.0.1)");
}

TEST_F(Endpoints, TheCommandLinesRootIsReadInEachSpelling) {
  for (const char* word : {"nfsroot=10.0.0.1:/srv/dead.beef", "root=nfs4:10.0.0.1:/srv",
                           "netroot=iscsi:@10.0.0.1::3260::iqn.2026-01.org:disk",
                           "iscsi_target_ip=10.0.0.1", "nfsroot=[fd00::1]:/srv"}) {
    put("proc/cmdline", std::string("quiet ") + word);
    const auto found = storage();
    ASSERT_EQ(found.size(), 1u) << word;
    EXPECT_TRUE(found[0].remote == "10.0.0.1" || found[0].remote == "fd00::1") << found[0].remote;
    EXPECT_TRUE(unknown_.empty());
  }
}

TEST_F(Endpoints, ANetworkRootWithoutAnAddressIsUnknown) {
  put("proc/cmdline", "root=/dev/nfs ip=dhcp");
  EXPECT_TRUE(storage().empty());
  ASSERT_EQ(unknown_.size(), 1u);
  EXPECT_NE(unknown_[0].find("root=/dev/nfs"), std::string::npos);
}

TEST_F(Endpoints, UnreadableMountsAreUnknown) {
  fs::remove(root_ / "proc/mounts");
  storage();
  EXPECT_EQ(unknown_.size(), 1u);
}

TEST_F(Endpoints, AnIscsiSessionIsReachedByItsTarget) {
  put("sys/class/iscsi_connection/connection1:0/address", "10.0.0.1\n");
  put("sys/class/iscsi_host/host3/netdev", "eth0\n");
  const auto found = storage();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].remote, "10.0.0.1");
  EXPECT_EQ(found[1].device, "eth0");
}

TEST_F(Endpoints, AnAncestorsSshSessionCounts) {
  const std::string parent = "proc/" + std::to_string(getppid());
  put(parent + "/environ", std::string("A=1\0SSH_CLIENT=no\0", 18));
  put(parent + "/status", "Name:\tsudo\nPPid:\t4194000\n");
  put("proc/4194000/environ", std::string("B=1\0SSH_CONNECTION=10.0.0.2 5 10.0.0.9 22\0", 41));
  put("proc/4194000/status", "Name:\tbash\nPPid:\t0\n");
  unsetenv("SSH_CONNECTION");
  unsetenv("SSH_CLIENT");
  const auto found = ssh_endpoints(root_ / "proc", unknown_);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[1].remote, "10.0.0.2");
  EXPECT_EQ(found[1].local, "10.0.0.9");
}

}  // namespace
}  // namespace pktbench
