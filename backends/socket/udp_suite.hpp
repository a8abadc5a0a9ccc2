// For tests only: what every backend on a UDP socket must do behind a veth pair. Each root test
// instantiates it with its backends: every frame sent is received or dropped at a named place.
#pragma once

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cctype>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "harness/core/registry.hpp"
#include "harness/testing/need_root.hpp"
#include "harness/testing/sending.hpp"
#include "harness/traffic/frame.hpp"
#include "harness/traffic/generators.hpp"

namespace pktbench::backends {
namespace {

using namespace traffic;
using namespace testing;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::int64_t kRoomy = 64 << 20;  // a busy host must not drop what a test counts

BackendConfig backend_of(const TestVeth& veth, const BackendType& type, std::int64_t rcvbuf) {
  return testing::backend_of(veth.dut(), type, {{"rcvbuf_bytes", rcvbuf}});
}

using BackendFactory = BackendType (*)();

class UdpBackends : public ::testing::TestWithParam<BackendFactory> {
 protected:
  void SetUp() override { NEED_ROOT(); }
};

class Pairs : public ::testing::TestWithParam<std::tuple<const char*, BackendFactory>> {
 protected:
  void SetUp() override { NEED_ROOT(); }
  GeneratorType generator() const { return traffic::generator(std::get<0>(GetParam())); }
  BackendType backend() const { return std::get<1>(GetParam())(); }
};

TEST_P(Pairs, WhatIsSentIsReceived) {
  const TestVeth veth;
  const auto type = generator();
  const auto receiver = backend();
  const auto source = type.make();
  const auto sink = receiver.make();
  for (const TrafficSpec& spec :
       {TrafficSpec{64, 1}, TrafficSpec{64, 1000}, TrafficSpec{512, 1}, TrafficSpec{1518, 1000}}) {
    const auto mode = need(sink->start(backend_of(veth, receiver, kRoomy)));
    EXPECT_EQ(mode.effective, receiver.name);
    EXPECT_EQ(sink->threads().size(), 1u);
    need(source->start(traffic_of(veth, type, spec)));
    const auto sent = send_exactly(*source, 5000, 20'000);
    EXPECT_EQ(sent.packets, 5000u);
    const auto got = drained(*sink, 5000);
    EXPECT_EQ(got.packets, 5000u) << spec.frame_size << " B, " << spec.flows << " flows";
    EXPECT_EQ(got.bytes, sent.bytes);
    EXPECT_EQ(got.foreign, 0u);
    EXPECT_EQ(sum(got.drops), 0u);
    source->stop();
    sink->stop();
  }
}

// The sender's device may refuse frames; those were never counted as sent.
TEST_P(Pairs, OverloadIsAccountedForExactly) {
  for (bool threaded : {false, true}) {
    const TestVeth veth;
    if (threaded) veth.thread_napi();
    const auto source = generator().make();
    const auto sink = backend().make();
    need(sink->start(backend_of(veth, backend(), 4096)));
    need(source->start(traffic_of(veth, generator(), {64, 5})));
    const auto before = veth.dut_link();
    source->open();
    std::this_thread::sleep_for(milliseconds(400));
    need(source->close());
    const auto sent = need(source->sample());
    const auto got = drained(*sink, sent.packets);
    EXPECT_EQ(got.packets + sum(got.drops), sent.packets) << "threaded " << threaded;
    EXPECT_EQ(got.foreign, 0u);
    EXPECT_GT(got.drops.at("socket_buffer"), 0u);
    EXPECT_EQ(got.drops.at("socket_buffer"), sum(got.drops));
    const auto after = veth.dut_link();
    EXPECT_EQ(after.rx_packets - before.rx_packets, sent.packets);
    EXPECT_EQ(after.rx_dropped, before.rx_dropped);
  }
}

TEST_P(Pairs, AnotherTrialsFramesAreForeign) {
  const TestVeth veth;
  const auto source = generator().make();
  const auto sink = backend().make();
  need(sink->start(backend_of(veth, backend(), kRoomy)));
  auto config = traffic_of(veth, generator(), {64, 1});
  config.trial_tag = kTag + 1;
  need(source->start(config));
  send_exactly(*source, 200, 20'000);
  const auto got = drained(*sink, 200);
  EXPECT_EQ(got.foreign, 200u);
  EXPECT_EQ(got.packets, 0u);
  EXPECT_EQ(got.bytes, 0u);
}

TEST_P(UdpBackends, EveryDropIsCountedAtOnePlace) {
  const TestVeth veth;
  const auto sink = GetParam()().make();
  need(sink->start(backend_of(veth, GetParam()(), kRoomy)));
  const auto good =
      need(traffic::build_frame(traffic_of(veth, generator("packet-sendmmsg"), {128, 1}))).bytes;

  auto frame = good;
  frame.back() ^= 0xff;
  send_raw(veth.generator(), frame);
  auto got = drained(*sink, 1);
  EXPECT_EQ(
      got.drops,
      (DropCounts{{"ip_input", 0}, {"socket_buffer", 0}, {"udp_checksum", 1}, {"udp_no_port", 0}}));

  frame = good;
  frame[PB_OFF_IP_CHECK] ^= 0xff;
  send_raw(veth.generator(), frame);
  got = drained(*sink, 2);
  EXPECT_EQ(got.drops.at("ip_input"), 1u);

  frame = good;
  frame[PB_OFF_UDP + 3] = 10;
  frame[PB_OFF_UDP_CHECK] = frame[PB_OFF_UDP_CHECK + 1] = 0;  // not checked
  send_raw(veth.generator(), frame);
  got = drained(*sink, 3);
  EXPECT_EQ(got.drops.at("udp_no_port"), 1u);

  frame = good;
  send_raw(veth.generator(), frame);
  got = drained(*sink, 4);
  EXPECT_EQ(sum(got.drops), 3u);
  EXPECT_EQ(got.packets, 1u);
  EXPECT_EQ(got.bytes, 124u);

  frame[PB_OFF_UDP + 5] = 16;  // 8 bytes of payload: too short for a tag
  frame[PB_OFF_UDP_CHECK] = frame[PB_OFF_UDP_CHECK + 1] = 0;
  send_raw(veth.generator(), frame);
  EXPECT_EQ(drained(*sink, 5).foreign, 1u);
}

// In place of waiting, the thread reads from the pump, until it is stopped.
TEST_P(UdpBackends, WhereNothingCameThePumpIsDriven) {
  const TestVeth veth;
  const auto sink = GetParam()().make();
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
  const sys::Fd pump(ends[0]);
  const sys::Fd feed(ends[1]);
  auto config = backend_of(veth, GetParam()(), kRoomy);
  config.port.pump_fd = pump.get();
  need(sink->start(config));
  const auto type = generator("packet-sendmmsg");
  const auto source = type.make();
  need(source->start(traffic_of(veth, type, {64, 10})));
  for (std::uint64_t sent : {1000u, 2000u}) {
    for (int i = 0; i < 3; ++i) ASSERT_EQ(send(feed.get(), "x", 1, 0), 1);
    send_exactly(*source, 1000, 20'000);
    EXPECT_EQ(drained(*sink, sent).packets, sent);
    const auto deadline = Clock::now() + std::chrono::seconds(10);
    int waiting = 0;
    do {
      ASSERT_EQ(ioctl(pump.get(), FIONREAD, &waiting), 0);
    } while (waiting > 0 && Clock::now() < deadline);
    EXPECT_EQ(waiting, 0);
  }
  sink->stop();
}

TEST_P(UdpBackends, EveryWorkloadCountsTheSame) {
  const TestVeth veth;
  const auto type = generator("packet-sendmmsg");
  const auto source = type.make();
  need(source->start(traffic_of(veth, type, {64, 10})));
  for (const std::string& workload : GetParam()().workloads) {
    const auto sink = GetParam()().make();
    auto config = backend_of(veth, GetParam()(), kRoomy);
    config.workload = workload;
    need(sink->start(config));
    send_exactly(*source, 500, 20'000);
    EXPECT_EQ(drained(*sink, 500).packets, 500u) << workload;
  }
}

// Both at once: the socket's own count has the checksum errors in it.
TEST_P(UdpBackends, AChecksumErrorUnderOverloadIsNotCountedTwice) {
  const TestVeth veth;
  const auto sink = GetParam()().make();
  need(sink->start(backend_of(veth, GetParam()(), 4096)));
  const auto type = generator("packet-sendmmsg");
  const auto source = type.make();
  need(source->start(traffic_of(veth, type, {64, 1})));
  // The kernel checks a shorter one before it looks for the socket.
  auto frame = need(traffic::build_frame(traffic_of(veth, type, {128, 1}))).bytes;
  frame.back() ^= 0xff;
  source->open();
  for (int i = 0; i < 50; ++i) send_raw(veth.generator(), frame);
  std::this_thread::sleep_for(milliseconds(50));
  need(source->close());
  std::this_thread::sleep_for(milliseconds(50));
  for (int i = 0; i < 5; ++i) send_raw(veth.generator(), frame);
  const auto total = need(source->sample()).packets + 55;
  const auto got = drained(*sink, total);
  EXPECT_EQ(got.packets + sum(got.drops), total);
  EXPECT_GE(got.drops.at("udp_checksum"), 1u);
}

TEST_P(UdpBackends, StopEndsAnIdleAndAFloodedReceiver) {
  const TestVeth veth;
  const auto type = generator("packet-sendmmsg");
  const auto source = type.make();
  const auto sink = GetParam()().make();
  for (bool flood : {false, true}) {
    need(sink->start(backend_of(veth, GetParam()(), 0)));
    need(source->start(traffic_of(veth, type, {64, 1})));
    if (flood) source->open();
    std::this_thread::sleep_for(milliseconds(50));
    const auto before = Clock::now();
    sink->stop();
    EXPECT_LT(Clock::now() - before, std::chrono::seconds(5)) << "flood " << flood;
    EXPECT_TRUE(sink->threads().empty());
    EXPECT_FALSE(sink->sample());
    sink->stop();
    need(source->close());
  }
}

TEST_P(UdpBackends, StartAndStopLeaveNothingOpen) {
  const TestVeth veth;
  const auto sink = GetParam()().make();
  const auto files = entries("/proc/self/fd");
  const auto threads = entries("/proc/self/task");
  for (int i = 0; i < 50; ++i) {
    need(sink->start(backend_of(veth, GetParam()(), 0)));
    EXPECT_EQ(entries("/proc/self/task"), threads + 1);
    sink->stop();
  }
  EXPECT_EQ(entries("/proc/self/fd"), files);
  EXPECT_EQ(entries("/proc/self/task"), threads);
}

TEST_P(UdpBackends, SayWhatWasObtained) {
  const TestVeth veth;
  const auto type = GetParam()();
  EXPECT_EQ(type.probe(), "");
  const auto sink = type.make();
  EXPECT_EQ(need(sink->start(backend_of(veth, type, 1 << 20))).details.at("rcvbuf_bytes"),
            std::to_string(2 << 20));  // the kernel doubles it
  const auto other = type.make();
  const auto taken = other->start(backend_of(veth, type, 0));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().sys_errno, EADDRINUSE);
  EXPECT_TRUE(other->threads().empty());
  sink->stop();
  EXPECT_GT(std::stoi(need(other->start(backend_of(veth, type, 0))).details.at("rcvbuf_bytes")), 0);

  auto config = backend_of(veth, type, 0);
  config.workload = "parse";
  EXPECT_EQ(sink->start(config).error().code, ErrorCode::unsupported);
  config = backend_of(veth, type, 0);
  config.port.cpus = {1 << 20};
  other->stop();
  EXPECT_FALSE(sink->start(config));
  EXPECT_TRUE(other->start(backend_of(veth, type, 0))) << "the failed start left its socket";
}

// "udp-recvmmsg" becomes "Recvmmsg".
inline std::string backend_name(BackendFactory factory) {
  std::string name = factory().name.substr(4);
  name[0] = static_cast<char>(std::toupper(name[0]));
  return name;
}

inline std::string generator_name(const std::string& name) {
  return name == "packet-sendmmsg" ? "Packet" : "Udp";
}

// REQUIRES: in namespace pktbench::backends, once a test program.
#define PKTBENCH_UDP_SUITE(...)                                                           \
  INSTANTIATE_TEST_SUITE_P(All, UdpBackends, ::testing::Values(__VA_ARGS__),              \
                           [](const auto& i) { return backend_name(i.param); });          \
  INSTANTIATE_TEST_SUITE_P(                                                               \
      All, Pairs,                                                                         \
      ::testing::Combine(::testing::Values("packet-sendmmsg", "udp-sendmmsg"),            \
                         ::testing::Values(__VA_ARGS__)),                                 \
      [](const auto& i) {                                                                 \
        return generator_name(std::get<0>(i.param)) + backend_name(std::get<1>(i.param)); \
      })

}  // namespace
}  // namespace pktbench::backends
