// For the root tests of this folder: traffic into a veth pair, and what the kernel's tools see.
#pragma once

#include <bpf/bpf.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "backends/backend_types.hpp"
#include "backends/kernel/command.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/testing/need_root.hpp"
#include "harness/testing/sending.hpp"
#include "harness/traffic/generators.hpp"

namespace pktbench::kernel_test {

using namespace testing;
using Clock = std::chrono::steady_clock;

// With `hook` for tc-drop.
inline BackendConfig tc_of(const TestVeth& veth, const std::string& hook) {
  return backend_of(veth.dut(), backends::tc_drop_backend(), {{"hook", hook}});
}

// Less than what was sent and not dropped: they wait in the ring. As many: the backend missed some.
inline std::uint64_t frames_taken(const TestVeth& veth) {
  const auto inside = need(sys::NetnsScope::enter(veth.dut().netns_path));
  return need(sys::get_link(veth.dut().name)).rx_packets;
}

// Sends `count` frames in all and returns when they have left.
inline void send_frames(const TestVeth& veth, std::uint64_t count) {
  const auto& type = traffic::generator("packet-sendmmsg");
  const auto source = type.make();
  need(source->start(traffic_of(veth, type, {64, 1})));
  EXPECT_EQ(send_exactly(*source, count).packets, count);
}

// What a shell command prints in the DUT's namespace, with both streams.
inline std::string say(const TestVeth& veth, const std::string& command) {
  const auto inside = need(sys::NetnsScope::enter(veth.dut().netns_path));
  const auto said =
      need(kernel::run_command({"/bin/sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; " + command}));
  return said.out + said.err;
}

// A counter of the DUT's stack: the n-th number of a protocol in /proc/net/snmp.
inline std::uint64_t snmp(const TestVeth& veth, const std::string& protocol, int n) {
  const std::string text =
      say(veth, "awk '$1 == \"" + protocol + ":\" { v = $" + std::to_string(n + 1) +
                    " } END { print v }' /proc/thread-self/net/snmp");
  return std::stoull(text);
}

inline std::uint64_t ip_in_receives(const TestVeth& veth) { return snmp(veth, "Ip", 3); }
inline std::uint64_t udp_no_ports(const TestVeth& veth) { return snmp(veth, "Udp", 2); }

inline constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);

// How many tcx programs there are, or -1 where the kernel has no tcx.
inline int tcx_programs(const TestVeth& veth) {
  const auto inside = need(sys::NetnsScope::enter(veth.dut().netns_path));
  __u32 count = 0;
  const int error = bpf_prog_query(static_cast<int>(veth.dut().ifindex), kTcxIngress, 0, nullptr,
                                   nullptr, &count);
  return error ? -1 : static_cast<int>(count);
}

// All that a backend of this folder could leave on the device or in its namespace. A fentry link
// can be left by an open file descriptor only.
inline std::string attached(const TestVeth& veth) {
  const std::string device = " dev " + veth.dut().name;
  return std::to_string(tcx_programs(veth)) + " tcx programs\n" +
         say(veth, "nft list ruleset; tc qdisc show" + device + " | grep clsact; tc filter show" +
                       device + " ingress; tc filter show" + device + " egress; ip -d link show" +
                       device + " | grep prog/xdp");
}

class RootTest : public ::testing::Test {
 protected:
  void SetUp() override { NEED_ROOT(); }
};

}  // namespace pktbench::kernel_test
