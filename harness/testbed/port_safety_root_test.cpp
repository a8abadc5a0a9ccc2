// Each arrangement that must be refused is built with iproute2, in two namespaces of the test's
// own: the port in one, the other end of its wire in the other.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "harness/sys/fd.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/testbed/port_safety.hpp"

namespace pktbench {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

sys::Fd current_netns() { return sys::Fd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)); }

class PortSafetyRoot : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root: makes network namespaces";
    unsetenv("SSH_CONNECTION");
    unsetenv("SSH_CLIENT");
    host_ = current_netns();
    ASSERT_EQ(unshare(CLONE_NEWNET), 0);
    far_ = current_netns();
    ASSERT_EQ(unshare(CLONE_NEWNET), 0);
    here_ = current_netns();
    // The far ends' numbers are one ahead, so that pbport0's is pbport1's number here.
    in_far([] { return run("ip link add pbskew0 type bridge"); });
    for (const char* port : {"pbport0", "pbport1"}) {
      const std::string peer = std::string(port) + "p";
      ASSERT_TRUE(sys::create_veth_pair(port, peer, far_.get(), 1));
      ASSERT_TRUE(run("ip link set " + std::string(port) + " up"));
      in_far([&] { return run("ip link set " + peer + " up"); });
    }
    ASSERT_TRUE(run("ip addr add 198.18.0.1/24 dev pbport0"));
    in_far([&] { return run("ip addr add 198.18.0.2/24 dev pbport0p"); });
  }
  void TearDown() override {
    if (host_) setns(host_.get(), CLONE_NEWNET);
    if (!tree_.empty()) fs::remove_all(tree_);
  }

  static bool run(const std::string& command) {
    return std::system((command + " 2>&1").c_str()) == 0;
  }
  template <class Work>
  void in_far(Work work) {
    ASSERT_EQ(setns(far_.get(), CLONE_NEWNET), 0);
    const bool done = work();
    ASSERT_EQ(setns(here_.get(), CLONE_NEWNET), 0);
    ASSERT_TRUE(done);
  }

  // A device over pbport0, up; false where this kernel has no such kind.
  static bool stack(const std::string& kind_and_options) {
    return run("ip link add link pbport0 name pbstack0 type " + kind_and_options) &&
           run("ip link set pbstack0 up");
  }

  void expect_refused(const std::string& port, const std::string& reason,
                      const HostSources& sources = {}) {
    const auto verdict = check_port_safety(port, {}, sources);
    EXPECT_FALSE(verdict.allowed);
    EXPECT_EQ(verdict.reasons, Strings{reason});
  }
  void expect_allowed(const std::string& port) {
    const auto verdict = check_port_safety(port);
    EXPECT_TRUE(verdict.allowed);
    EXPECT_EQ(verdict.reasons, Strings{});
  }

  // The command at the end of the only reason against the port.
  void type_the_remedy(const std::string& port) {
    const auto verdict = check_port_safety(port);
    ASSERT_EQ(verdict.reasons.size(), 1u);
    const std::string mark = "when nobody needs it: ";
    const auto at = verdict.reasons[0].find(mark);
    ASSERT_NE(at, std::string::npos) << verdict.reasons[0];
    EXPECT_TRUE(run(verdict.reasons[0].substr(at + mark.size())));
  }

  void default_route_on_a_bridge_over(const std::string& kind) {
    ASSERT_TRUE(run("ip link add pbbr0 type bridge") && run("ip link set pbbr0 up") &&
                run("ip link set pbstack0 master pbbr0") &&
                run("ip addr add 198.18.5.1/24 dev pbbr0") &&
                run("ip route add default via 198.18.5.2"));
    expect_refused("pbport0",
                   "pbport0 carries the default route (IPv4, table main) through pbbr0 (bridge) "
                   "over pbstack0 (" +
                       kind + ")");
    expect_allowed("pbport1");
  }

  sys::Fd host_, far_, here_;
  fs::path tree_;
};

TEST_F(PortSafetyRoot, APortWithAnAddressAndItsOwnSubnetIsAllowed) {
  expect_allowed("pbport0");
  expect_allowed("pbport1");
}

TEST_F(PortSafetyRoot, TheDefaultRoute) {
  ASSERT_TRUE(run("ip route add default via 198.18.0.2"));
  expect_refused("pbport0", "pbport0 carries the default route (IPv4, table main)");
  expect_allowed("pbport1");
}

TEST_F(PortSafetyRoot, TheDefaultRouteInHalves) {
  ASSERT_TRUE(run("ip route add 128.0.0.0/1 via 198.18.0.2"));
  expect_refused("pbport0", "pbport0 carries the default route (IPv4, table main)");
}

TEST_F(PortSafetyRoot, TheDefaultRouteOnABridgeOverAVlan) {
  if (!stack("vlan id 5")) GTEST_SKIP() << "this kernel has no VLAN devices";
  default_route_on_a_bridge_over("vlan");
}

TEST_F(PortSafetyRoot, TheDefaultRouteOnABridgeOverAMacvlan) {
  if (!stack("macvlan mode bridge")) GTEST_SKIP() << "this kernel has no macvlan devices";
  default_route_on_a_bridge_over("macvlan");
}

TEST_F(PortSafetyRoot, TheDefaultRouteThroughATunnelByItsFarEnd) {
  if (!run("ip link add pbtun0 type vxlan id 7 remote 198.18.0.2 dstport 4789"))
    GTEST_SKIP() << "this kernel has no VXLAN devices";
  ASSERT_TRUE(run("ip link set pbtun0 up") && run("ip route add default dev pbtun0"));
  expect_refused("pbport0",
                 "pbport0 carries the default route (IPv4, table main) through pbtun0 (vxlan)");
  expect_allowed("pbport1");
}

TEST_F(PortSafetyRoot, ADefaultRouteOfIpv6Only) {
  if (!run("ip -6 route add default dev pbport0")) GTEST_SKIP() << "this kernel has no IPv6";
  expect_refused("pbport0", "pbport0 carries the default route (IPv6, table main)");
  expect_allowed("pbport1");
}

TEST_F(PortSafetyRoot, ADefaultRouteInAPolicyTable) {
  ASSERT_TRUE(run("ip rule add from 198.18.0.1 table 7777") &&
              run("ip route add default via 198.18.0.2 table 7777"));
  expect_refused("pbport0", "pbport0 carries the default route (IPv4, table 7777)");
  expect_allowed("pbport1");
}

TEST_F(PortSafetyRoot, EveryPathOfAMultipathDefaultRoute) {
  ASSERT_TRUE(run("ip route add default nexthop dev pbport0 nexthop dev pbport1"));
  for (const std::string port : {"pbport0", "pbport1"})
    expect_refused(port, port + " carries the default route (IPv4, table main)");
}

TEST_F(PortSafetyRoot, EveryMemberOfANexthopGroup) {
  if (!run("ip nexthop add id 1 dev pbport0") || !run("ip nexthop add id 2 dev pbport1") ||
      !run("ip nexthop add id 3 group 1/2"))
    GTEST_SKIP() << "this kernel has no nexthop objects";
  // With 0 a route names its object only, not the object's devices.
  for (const char* compatible : {"0", "1"}) {
    ASSERT_TRUE(
        run(std::string("echo ") + compatible + " >/proc/sys/net/ipv4/nexthop_compat_mode"));
    ASSERT_TRUE(run("ip route replace default nhid 3"));
    for (const std::string port : {"pbport0", "pbport1"})
      expect_refused(port, port + " carries the default route (IPv4, table main)");
  }
  ASSERT_TRUE(run("ip route replace default nhid 1"));
  expect_refused("pbport0", "pbport0 carries the default route (IPv4, table main)");
  expect_allowed("pbport1");
}

TEST_F(PortSafetyRoot, TheCallersSshSession) {
  setenv("SSH_CONNECTION", "198.18.0.2 50000 198.18.0.1 22", 1);
  expect_refused("pbport0", "pbport0 carries the SSH session from 198.18.0.2");
  expect_allowed("pbport1");
  unsetenv("SSH_CONNECTION");
  expect_allowed("pbport0");
  setenv("SSH_CLIENT", "198.18.0.2 50000 22", 1);
  expect_refused("pbport0", "pbport0 carries the SSH session from 198.18.0.2");
  unsetenv("SSH_CLIENT");
}

TEST_F(PortSafetyRoot, AnSshSessionToAnAddressOnAStackedDevice) {
  if (!stack("macvlan mode bridge")) GTEST_SKIP() << "this kernel has no macvlan devices";
  ASSERT_TRUE(run("ip addr add 198.18.5.1/24 dev pbstack0"));
  // No route leads to the client: the address alone tells.
  setenv("SSH_CONNECTION", "203.0.113.9 50000 198.18.5.1 22", 1);
  expect_refused("pbport0",
                 "pbport0 carries the SSH session from 203.0.113.9 through pbstack0 (macvlan)");
  unsetenv("SSH_CONNECTION");
}

TEST_F(PortSafetyRoot, AnSshSessionRoutedByTheSendersAddress) {
  ASSERT_TRUE(run("ip addr add 198.18.1.1/24 dev pbport1") &&
              run("ip rule add from 198.18.0.1 table 7777") &&
              run("ip route add 203.0.113.0/24 dev pbport1 table 7777"));
  setenv("SSH_CONNECTION", "203.0.113.9 50000 198.18.0.1 22", 1);
  expect_refused("pbport1", "pbport1 carries the SSH session from 203.0.113.9");
  unsetenv("SSH_CONNECTION");
}

TEST_F(PortSafetyRoot, TheSocketsOfSshd) {
  sys::Fd listener;
  sockaddr_in far{};
  far.sin_family = AF_INET;
  far.sin_port = htons(2222);
  far.sin_addr.s_addr = inet_addr("198.18.0.2");
  const auto* address = reinterpret_cast<const sockaddr*>(&far);
  in_far([&] {
    listener = sys::Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return bind(listener.get(), address, sizeof far) == 0 && listen(listener.get(), 1) == 0;
  });
  sys::Fd session(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(connect(session.get(), address, sizeof far), 0);
  expect_allowed("pbport0");
  ASSERT_EQ(prctl(PR_SET_NAME, "sshd-session"), 0);
  expect_refused("pbport0", "pbport0 carries the SSH session from 198.18.0.2");
  expect_allowed("pbport1");
  ASSERT_EQ(prctl(PR_SET_NAME, "root_test"), 0);
}

TEST_F(PortSafetyRoot, AnNfsRoot) {
  tree_ = fs::temp_directory_path() / ("pktbench-nfs-" + std::to_string(getpid()));
  fs::create_directories(tree_ / "proc");
  std::ofstream(tree_ / "proc/mounts") << "server:/srv / nfs4 rw,addr=198.18.0.2 0 0\n";
  std::ofstream(tree_ / "proc/cmdline") << "quiet\n";
  HostSources sources;
  sources.procfs = tree_ / "proc";
  expect_refused("pbport0", "pbport0 carries the NFS file system on / (server 198.18.0.2)",
                 sources);
  EXPECT_TRUE(check_port_safety("pbport1", {}, sources).allowed);
}

TEST_F(PortSafetyRoot, AForeignXdpProgram) {
  const bpf_insn pass[] = {{0xb7, 0, 0, 0, XDP_PASS}, {0x95, 0, 0, 0, 0}};  // r0 = XDP_PASS; exit
  sys::Fd program(bpf_prog_load(BPF_PROG_TYPE_XDP, "foreign", "GPL", pass, 2, nullptr));
  ASSERT_TRUE(program) << "needs CAP_BPF";
  bpf_prog_info info{};
  __u32 size = sizeof info;
  ASSERT_EQ(bpf_obj_get_info_by_fd(program.get(), &info, &size), 0);
  const auto port = sys::get_link("pbport0");
  ASSERT_TRUE(port);
  struct Mode {
    __u32 flag;
    const char* name;
    const char* off;
  };
  for (const Mode mode : {Mode{XDP_FLAGS_DRV_MODE, "driver", "xdpdrv off"},
                          Mode{XDP_FLAGS_SKB_MODE, "generic", "xdpgeneric off"}}) {
    const int ifindex = static_cast<int>(port->ifindex);
    ASSERT_EQ(bpf_xdp_attach(ifindex, program.get(), mode.flag, nullptr), 0) << mode.name;
    expect_refused("pbport0", "an XDP program that is not pktbench's is attached to pbport0 (id " +
                                  std::to_string(info.id) + ", " + mode.name +
                                  "), and is not replaced; when nobody needs it: ip link set dev "
                                  "pbport0 " +
                                  mode.off);
    EXPECT_FALSE(check_port_safety("pbport0", {{}, "pbport0"}).allowed);
    type_the_remedy("pbport0");
    expect_allowed("pbport0");
  }
}

// iproute2 cannot take off what a BPF link holds.
TEST_F(PortSafetyRoot, AForeignXdpProgramOfABpfLink) {
  const bpf_insn pass[] = {{0xb7, 0, 0, 0, XDP_PASS}, {0x95, 0, 0, 0, 0}};
  sys::Fd program(bpf_prog_load(BPF_PROG_TYPE_XDP, "foreign", "GPL", pass, 2, nullptr));
  ASSERT_TRUE(program) << "needs CAP_BPF";
  const auto port = sys::get_link("pbport0");
  ASSERT_TRUE(port);
  for (const __u32 flag : {XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE}) {
    LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flag);
    const sys::Fd link(
        bpf_link_create(program.get(), static_cast<int>(port->ifindex), BPF_XDP, &options));
    ASSERT_TRUE(link);
    const auto verdict = check_port_safety("pbport0");
    ASSERT_EQ(verdict.reasons.size(), 1u);
    EXPECT_NE(verdict.reasons[0].find(" of process " + std::to_string(getpid()) + " ("),
              std::string::npos)
        << verdict.reasons[0];
    type_the_remedy("pbport0");
    expect_allowed("pbport0");
  }
}

}  // namespace
}  // namespace pktbench
