// For tests only: sending real frames at a polling backend behind a veth pair.
#pragma once

#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <numeric>
#include <thread>
#include <vector>

#include "harness/core/registry.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/netns.hpp"
#include "harness/traffic/frame.hpp"
#include "harness/traffic/test_veth.hpp"

namespace pktbench::backends {

using namespace traffic;
using testing::need;
using testing::TestVeth;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

inline constexpr std::uint32_t kTag = 0x2b5d11e7;

inline TrafficConfig traffic_of(const TestVeth& veth, const GeneratorType& type, TrafficSpec spec) {
  TrafficConfig config;
  config.from = veth.generator();
  config.to = veth.dut();
  config.traffic = spec;
  config.trial_tag = kTag;
  config.options = testing::default_options(type.options);
  return config;
}

inline BackendConfig default_config(const TestVeth& veth, const BackendType& type) {
  BackendConfig config;
  config.port = veth.dut();
  config.workload = type.workloads.front();
  config.trial_tag = kTag;
  config.options = testing::default_options(type.options);
  return config;
}

inline std::uint64_t sum(const DropCounts& drops) {
  return std::accumulate(drops.begin(), drops.end(), std::uint64_t{0},
                         [](std::uint64_t n, const auto& place) { return n + place.second; });
}

// Once `expected` frames have ended somewhere, or ten seconds later.
inline Counters drained(Backend& backend, std::uint64_t expected) {
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (true) {
    Counters counters = need(backend.sample());
    if (counters.packets + counters.foreign + sum(counters.drops) >= expected ||
        Clock::now() > deadline)
      return counters;
    std::this_thread::sleep_for(milliseconds(2));
  }
}

inline SentCounters send_exactly(TrafficSource& source, std::uint64_t count) {
  source.open(count);
  const auto deadline = Clock::now() + std::chrono::seconds(60);
  while (!source.finished() && Clock::now() < deadline)
    std::this_thread::sleep_for(milliseconds(1));
  need(source.close());
  return need(source.sample());
}

inline void need_root() {
  if (const auto missing = sys::missing_capabilities(); !missing.empty())
    GTEST_SKIP() << "needs " << missing.front();
}

// Sends `frame` as it is.
inline void send_raw(const Port& port, const std::vector<std::uint8_t>& frame) {
  const auto inside = need(sys::NetnsScope::enter(port.netns_path));
  const sys::Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(port.ifindex);
  ssize_t sent = 0;
  do {  // a full ring refuses it
    sent = sendto(socket.get(), frame.data(), frame.size(), 0,
                  reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } while (sent < 0 && errno == ENOBUFS);
  ASSERT_EQ(sent, static_cast<ssize_t>(frame.size()));
}

}  // namespace pktbench::backends
