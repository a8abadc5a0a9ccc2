// The dpdk backend behind a veth pair: every frame sent is received or dropped at a named place.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <thread>

#include "backends/dpdk/dpdk.hpp"
#include "harness/traffic/packet_sendmmsg.hpp"
#include "harness/traffic/test_veth.hpp"
#include "harness/traffic/xdp_live.hpp"

namespace pktbench::backends {

using namespace traffic;
namespace {

using testing::need;
using testing::TestVeth;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::uint32_t kTag = 0x2b5d11e7;

TrafficConfig traffic_of(const TestVeth& veth, const GeneratorType& type, TrafficSpec spec) {
  TrafficConfig config;
  config.from = veth.generator();
  config.to = veth.dut();
  config.traffic = spec;
  config.trial_tag = kTag;
  config.options = testing::default_options(type.options);
  return config;
}

BackendConfig backend_of(const TestVeth& veth, const std::string& driver,
                         const std::string& workload = "drop") {
  BackendConfig config;
  config.port = veth.dut();
  config.workload = workload;
  config.trial_tag = kTag;
  config.options = testing::default_options(dpdk_backend().options);
  config.options["driver"] = driver;
  return config;
}

std::uint64_t sum(const DropCounts& drops) {
  return std::accumulate(drops.begin(), drops.end(), std::uint64_t{0},
                         [](std::uint64_t n, const auto& place) { return n + place.second; });
}

// As the testbed counts them: redirected frames that found the DUT's ring full, and those that the
// DUT's end gave up, which is where a failed redirect to an AF_XDP socket shows too.
struct DeviceDrops {
  std::uint64_t ring_full = 0;
  std::uint64_t receiving = 0;
};

DeviceDrops device_drops(const TestVeth& veth) {
  const auto read = [](const Port& port, const std::string& name) {
    const auto inside = need(sys::NetnsScope::enter(port.netns_path));
    return need(sys::driver_statistics(port.name)).at(name);
  };
  return {read(veth.generator(), "tx_queue_0_xdp_xmit_errors"),
          read(veth.dut(), "rx_queue_0_drops")};
}

std::string places(const DropCounts& drops) {
  std::string text;
  for (const auto& [place, n] : drops) text += place + " " + std::to_string(n) + ", ";
  return text;
}

EffectiveMode started(Backend& backend, const BackendConfig& config) {
  auto mode = backend.start(config);
  if (!mode) throw std::runtime_error(mode.error().message + "\n" + mode.error().detail);
  return *mode;
}

// Once `expected` frames have ended somewhere, or ten seconds later.
Counters drained(Backend& backend, std::uint64_t expected) {
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (true) {
    Counters counters = need(backend.sample());
    if (counters.packets + sum(counters.drops) >= expected || Clock::now() > deadline)
      return counters;
    std::this_thread::sleep_for(milliseconds(5));
  }
}

void send_all(TrafficSource& source, std::uint64_t count) {
  source.open(count);
  const auto deadline = Clock::now() + std::chrono::seconds(60);
  while (!source.finished() && Clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  need(source.close());
}

using GeneratorFactory = GeneratorType (*)();

class Dpdk : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (const auto reason = dpdk_backend().probe(); !reason.empty()) GTEST_SKIP() << reason;
  }
};

// In bursts that every ring on the way holds, so that none may be lost on a busy machine.
void send_and_count(const TestVeth& veth, const GeneratorType& type, Backend& sink,
                    const BackendConfig& config, TrafficSpec spec) {
  SCOPED_TRACE(type.name + ", " + std::to_string(spec.frame_size) + " B, " +
               std::to_string(spec.flows) + " flows");
  constexpr std::uint64_t kFrames = 2000;
  constexpr std::uint64_t kBurst = 100;
  started(sink, config);
  const auto source = type.make();
  need(source->start(traffic_of(veth, type, spec)));
  for (std::uint64_t sent = kBurst; sent <= kFrames; sent += kBurst) {
    send_all(*source, kBurst);
    const auto got = drained(sink, sent);
    const auto device = device_drops(veth);
    ASSERT_EQ(got.packets, sent) << places(got.drops) << device.ring_full
                                 << " at the device's ring, " << device.receiving << " behind it";
  }
  const auto sent = need(source->sample());
  const auto got = need(sink.sample());
  EXPECT_EQ(sent.packets, kFrames);
  EXPECT_EQ(got.packets, kFrames);
  EXPECT_EQ(got.per_queue, std::vector<std::uint64_t>{kFrames});
  EXPECT_EQ(got.bytes, sent.bytes);
  EXPECT_EQ(got.foreign, 0u);
  EXPECT_EQ(sum(got.drops), 0u);
  source->stop();
  sink.stop();
}

TEST_P(Dpdk, WhatIsSentIsReceived) {
  const TestVeth veth;
  const auto sink = dpdk_backend().make();
  for (GeneratorFactory generator : {packet_sendmmsg_generator, xdp_live_generator})
    for (std::uint32_t size : {64u, 512u, 1518u})
      for (std::uint32_t flows : {1u, 1000u})
        send_and_count(veth, generator(), *sink, backend_of(veth, GetParam()), {size, flows, {}});
  send_and_count(veth, packet_sendmmsg_generator(), *sink, backend_of(veth, GetParam(), "touch"),
                 {64, 1, {}});
}

// As fast as the generator can, with a small ring so that there are drops.
TEST_P(Dpdk, OverloadIsAccountedForExactly) {
  std::uint64_t dropped = 0;
  for (GeneratorFactory generator : {packet_sendmmsg_generator, xdp_live_generator}) {
    for (bool threaded : {false, true}) {
      const TestVeth veth;
      const auto sink = dpdk_backend().make();
      auto config = backend_of(veth, GetParam());
      config.options["descriptors"] = std::int64_t{64};
      started(*sink, config);
      if (threaded) veth.thread_napi();
      const auto type = generator();
      SCOPED_TRACE(type.name + (threaded ? ", threaded" : ""));
      const auto source = type.make();
      need(source->start(traffic_of(veth, type, {64, 5, {}})));
      const auto before = device_drops(veth);
      source->open();
      std::this_thread::sleep_for(milliseconds(400));
      need(source->close());
      const auto sent = need(source->sample()).packets;
      const auto ring_full = [&] { return device_drops(veth).ring_full - before.ring_full; };
      const auto got = drained(*sink, sent - ring_full());
      EXPECT_EQ(got.packets + sum(got.drops) + ring_full(), sent) << places(got.drops);
      const bool af_xdp = GetParam() == "net_af_xdp";
      const std::string place = af_xdp ? "af_xdp_rx_ring_full" : "packet_ring_full";
      EXPECT_EQ(got.drops.at(place), sum(got.drops));
      dropped += sum(got.drops);
      EXPECT_EQ(device_drops(veth).receiving - before.receiving, af_xdp ? sum(got.drops) : 0);
    }
  }
  EXPECT_GT(dropped, 0u);
}

INSTANTIATE_TEST_SUITE_P(Drivers, Dpdk, ::testing::Values("net_af_xdp", "net_af_packet"),
                         [](const auto& i) { return i.param; });

}  // namespace
}  // namespace pktbench::backends
