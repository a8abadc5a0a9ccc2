#include "backends/socket/payload_workload.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "harness/testing/packet_builder.hpp"

namespace pktbench::udp {
namespace {

using backends::WorkloadState;
using testing::frame4;
using testing::kClient;
using testing::kServer;
using testing::kUdp;
using testing::Packet;
using Details = std::map<std::string, std::uint64_t>;

template <bool senders>
Result<void> apply(const std::string& name, const std::shared_ptr<WorkloadState>& state,
                   const std::vector<backends::PeerAddress>& from) {
  return with_payload_workload<senders>(name, state, [&](auto workload) -> Result<void> {
    std::uint8_t payload[18] = {};
    for (const backends::PeerAddress& sender : from) workload(Datagram{payload, &sender});
    return {};
  });
}

// The same senders as whole frames and as a socket tells them: the same counts and the same table.
TEST(PayloadWorkloads, CountTheSameSendersAsWorkloadsOverFramesDo) {
  const auto of_frames = std::make_shared<WorkloadState>("count-per-ip");
  const auto of_sockets = std::make_shared<WorkloadState>("count-per-ip");
  std::vector<backends::PeerAddress> from;
  std::vector<pb_address> sources;
  for (std::uint32_t i = 0; i < PB_MAX_ADDRESSES + 500; ++i) {
    testing::End client = kClient;
    const std::uint32_t address = htonl(0x0a00ff00 + i % (PB_MAX_ADDRESSES + 100) * 5);
    std::memcpy(client.v4.data(), &address, sizeof address);
    backends::PeerAddress sender{};
    sender.v4.sin_family = AF_INET;
    sender.v4.sin_addr.s_addr = address;
    from.push_back(sender);
    Packet frame = frame4(client, kServer, kUdp);
    ASSERT_TRUE(
        backends::with_workload("count-per-ip", of_frames, [&](auto workload) -> Result<void> {
          workload(frame.data(), static_cast<std::uint32_t>(frame.size()));
          return {};
        }));
    pb_address source;
    ASSERT_EQ(pb_workload_source(frame.data(), frame.data() + frame.size(), &source), PB_OK);
    sources.push_back(source);
  }
  ASSERT_TRUE(apply<true>("count-per-ip", of_sockets, from));
  EXPECT_EQ(of_sockets->details(), of_frames->details());
  EXPECT_EQ(of_sockets->details().at("addresses"), std::uint64_t{PB_MAX_ADDRESSES});
  EXPECT_EQ(of_sockets->details().at("table_full"), 100u);
  for (const pb_address& source : sources)
    ASSERT_EQ(of_sockets->table()->frames(source), of_frames->table()->frames(source));
}

TEST(PayloadWorkloads, AnIpv6SenderIsTheOneThatItsFrameNames) {
  const auto state = std::make_shared<WorkloadState>("count-per-ip");
  backends::PeerAddress sender{};
  sender.v6.sin6_family = AF_INET6;
  std::memcpy(&sender.v6.sin6_addr, kClient.v6.data(), sizeof sender.v6.sin6_addr);
  ASSERT_TRUE(apply<true>("count-per-ip", state, {sender, sender}));
  Packet frame = testing::frame6(kClient, kServer, kUdp);
  pb_address source{};
  ASSERT_EQ(pb_workload_source(frame.data(), frame.data() + frame.size(), &source), PB_OK);
  EXPECT_EQ(state->table()->frames(source), 2u);
  EXPECT_EQ(sender.length(), sizeof(sockaddr_in6));
}

TEST(PayloadWorkloads, WhatIsSentBackIsCountedOnceEach) {
  const auto state = std::make_shared<WorkloadState>("reflect");
  ASSERT_TRUE(apply<true>("reflect", state, std::vector<backends::PeerAddress>(7)));
  EXPECT_EQ(state->details(), (Details{{"reflected", 7}, {"malformed", 0}, {"other", 0}}));
}

// Each name is a workload or has a reason why it is none, and never both.
TEST(PayloadWorkloads, EveryWorkloadCanBeHadOrHasAReason) {
  const auto done = payload_workloads<true>();
  for (const std::string& name : backends::workload_names()) {
    const bool can = std::find(done.begin(), done.end(), name) != done.end();
    const auto state = std::make_shared<WorkloadState>(name);
    EXPECT_EQ(static_cast<bool>(apply<true>(name, state, {})), can) << name;
    EXPECT_EQ(socket_cannot().count(name), can ? 0u : 1u) << name;
  }
}

TEST(PayloadWorkloads, WithoutSendersNoneThatWantsThem) {
  for (const std::string& name : backends::workload_names()) {
    const bool can = name == "drop" || name == "touch";
    const auto got = apply<false>(name, std::make_shared<WorkloadState>(name), {});
    EXPECT_EQ(static_cast<bool>(got), can) << name;
    if (!got) {
      EXPECT_EQ(got.error().code, ErrorCode::unsupported);
    }
  }
  EXPECT_EQ(payload_workloads<false>(), (std::vector<std::string>{"drop", "touch"}));
}

}  // namespace
}  // namespace pktbench::udp
