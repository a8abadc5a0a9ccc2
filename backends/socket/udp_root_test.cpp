#include <arpa/inet.h>
#include <linux/if_ether.h>

#include <algorithm>
#include <map>
#include <string>

#include "backends/backend_types.hpp"
#include "backends/socket/udp_suite.hpp"
#include "harness/testing/need_root.hpp"

namespace pktbench::backends {

PKTBENCH_UDP_SUITE(udp_recvfrom_backend, udp_recvmmsg_backend);

namespace {

using Details = std::map<std::string, std::uint64_t>;
using Bytes = std::vector<std::uint8_t>;

// Workloads that want the sender's address.
class UdpSenders : public ::testing::TestWithParam<BackendFactory> {
 protected:
  void SetUp() override { NEED_ROOT(); }

  std::unique_ptr<Backend> started(const TestVeth& veth, const std::string& workload) const {
    auto sink = GetParam()().make();
    auto config = backend_of(veth, GetParam()(), kRoomy);
    config.workload = workload;
    need(sink->start(config));
    return sink;
  }
  static std::unique_ptr<TrafficSource> source_on(const TestVeth& veth, TrafficSpec spec) {
    const auto type = generator("packet-sendmmsg");
    auto source = type.make();
    need(source->start(traffic_of(veth, type, spec)));
    return source;
  }
};

Details counted(std::uint64_t frames, std::uint64_t addresses) {
  return {{"counted", frames},
          {"malformed", 0},
          {"other", 0},
          {"table_full", 0},
          {"addresses", addresses}};
}

TEST_P(UdpSenders, AreCountedByAddress) {
  const TestVeth veth;
  for (std::uint32_t size : {64u, 512u, 1518u})
    for (std::uint32_t flows : {1u, 1000u}) {
      const auto sink = started(veth, "count-per-ip");
      send_exactly(*source_on(veth, {size, flows}), 2000, 20'000);
      EXPECT_EQ(drained(*sink, 2000).packets, 2000u);
      EXPECT_EQ(need(sink->sample()).details, counted(2000, 1)) << size << " B, " << flows;
    }
  // Flows differ by address too from the 16,385th on.
  const auto sink = started(veth, "count-per-ip");
  send_exactly(*source_on(veth, {64, 65536}), 16'400, 50'000);
  EXPECT_EQ(drained(*sink, 16'400).packets, 16'400u);
  EXPECT_EQ(need(sink->sample()).details, counted(16'400, 2));
}

Details reflected(std::uint64_t frames, std::uint64_t not_sent) {
  return {{"reflected", frames}, {"malformed", 0}, {"other", 0}, {"not_sent", not_sent}};
}

TEST_P(UdpSenders, GetBackWhatTheySent) {
  const TestVeth veth;
  veth.deafen_generator();
  for (std::uint32_t size : {64u, 512u, 1518u})
    for (std::uint32_t flows : {1u, 1000u}) {
      SCOPED_TRACE(std::to_string(size) + " B, " + std::to_string(flows) + " flows");
      const auto sink = started(veth, "reflect");
      const auto before = veth.generator_link();
      send_exactly(*source_on(veth, {size, flows}), 2000, 20'000);
      EXPECT_EQ(drained(*sink, 2000).packets, 2000u);
      EXPECT_EQ(came_back(veth, before.rx_packets, 2000), 2000u);
      const auto got = need(sink->sample());
      EXPECT_EQ(sum(got.drops), 0u);
      EXPECT_EQ(got.details, reflected(2000, 0));
    }
}

void swap(Bytes& frame, std::size_t a, std::size_t b, std::size_t n) {
  const auto at = [&](std::size_t i) { return frame.begin() + static_cast<std::ptrdiff_t>(i); };
  std::swap_ranges(at(a), at(a + n), at(b));
}

// MAC, IP and port of sender and receiver exchanged, the payload the same: the tag with it.
TEST_P(UdpSenders, GetBackTheSamePayloadFromTheAddressTheySentItTo) {
  const TestVeth veth;
  const auto inside = need(sys::NetnsScope::enter(veth.generator().netns_path));
  const sys::Fd tap(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IP)));
  const int on = 1;
  ASSERT_EQ(setsockopt(tap.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on), 0);
  const auto sink = started(veth, "reflect");
  for (std::uint32_t size : {64u, 1518u}) {
    auto sent =
        need(traffic::build_frame(traffic_of(veth, generator("packet-sendmmsg"), {size, 1}))).bytes;
    send_raw(veth.generator(), sent);
    Bytes back(2048);
    const timeval patience{10, 0};
    ASSERT_EQ(setsockopt(tap.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    const ssize_t length = recv(tap.get(), back.data(), back.size(), 0);
    ASSERT_EQ(length, static_cast<ssize_t>(sent.size()));
    back.resize(static_cast<std::size_t>(length));
    swap(sent, 0, 6, 6);
    swap(sent, PB_OFF_SADDR, PB_OFF_DADDR, 4);
    swap(sent, PB_OFF_UDP, PB_OFF_DPORT, 2);
    // The stack's own: IP id, TTL and checksums.
    for (Bytes* frame : {&sent, &back})
      for (const std::size_t at : std::initializer_list<std::size_t>{
               PB_OFF_IP + 4, PB_OFF_IP + 5, PB_OFF_IP + 8, PB_OFF_IP_CHECK, PB_OFF_IP_CHECK + 1,
               PB_OFF_UDP_CHECK, PB_OFF_UDP_CHECK + 1})
        (*frame)[at] = 0;
    EXPECT_EQ(back, sent);
  }
}

TEST_P(UdpSenders, WhatCannotBeSentToThemIsCounted) {
  const TestVeth veth;
  veth.deafen_generator();
  veth.run_in_dut("for i in all " + veth.dut().name +
                  "; do echo 0 > /proc/sys/net/ipv4/conf/$i/rp_filter; done");
  const auto sink = started(veth, "reflect");
  const auto source = source_on(veth, {64, 10});
  const auto before = veth.generator_link().rx_packets;
  send_exactly(*source, 300, 20'000);
  EXPECT_EQ(came_back(veth, before, 300), 300u);
  // Frames still come in, and no route leads back.
  veth.run_in_dut("ip route del 198.18.0.0/15");
  send_exactly(*source, 200, 20'000);
  EXPECT_EQ(drained(*sink, 500).packets, 500u);
  EXPECT_EQ(need(sink->sample()).details, reflected(500, 200));
  EXPECT_EQ(veth.generator_link().rx_packets - before, 300u);
}

TEST_P(UdpSenders, OfAnotherTrialGetNothingBack) {
  const TestVeth veth;
  veth.deafen_generator();
  const auto sink = started(veth, "reflect");
  auto config = traffic_of(veth, generator("packet-sendmmsg"), {64, 1});
  const auto ours = need(traffic::build_frame(config)).bytes;
  config.trial_tag = kTag + 1;
  const auto late = need(traffic::build_frame(config)).bytes;
  const auto before = veth.generator_link().rx_packets;
  send_raw(veth.generator(), late);
  send_raw(veth.generator(), ours);
  const auto got = drained(*sink, 2);
  EXPECT_EQ(got.foreign, 1u);
  EXPECT_EQ(came_back(veth, before, 1), 1u);
  EXPECT_EQ(need(sink->sample()).details, reflected(1, 0));
}

TEST_P(UdpSenders, AFloodIsReflectedAndStopEndsIt) {
  const TestVeth veth;
  veth.deafen_generator();
  veth.refuse_silently();
  const auto sink = started(veth, "reflect");
  const auto source = source_on(veth, {64, 5});
  const auto before = veth.generator_link().rx_packets;
  source->open();
  EXPECT_GE(came_back(veth, before, 1000), 1000u);
  sink->stop();  // while it sends
  const auto back = veth.generator_link().rx_packets;
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(veth.generator_link().rx_packets, back);
  need(source->close());
}

TEST_P(UdpSenders, WhatASocketCannotDoIsUnsupportedWithTheReason) {
  const TestVeth veth;
  const auto type = GetParam()();
  for (const std::string workload : {"parse", "filter", "pass"}) {
    EXPECT_EQ(std::count(type.workloads.begin(), type.workloads.end(), workload), 0);
    EXPECT_NE(type.cannot.at(workload), "");
    auto config = backend_of(veth, type, 0);
    config.workload = workload;
    EXPECT_EQ(type.make()->start(config).error().code, ErrorCode::unsupported);
  }
}

INSTANTIATE_TEST_SUITE_P(All, UdpSenders,
                         ::testing::Values(udp_recvfrom_backend, udp_recvmmsg_backend),
                         [](const auto& i) { return backend_name(i.param); });

}  // namespace
}  // namespace pktbench::backends
