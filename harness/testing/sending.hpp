// For tests only: frames sent over a TestVeth, and where they ended. What fails throws
// std::runtime_error.
#pragma once

#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "harness/core/registry.hpp"
#include "harness/testing/test_veth.hpp"

namespace pktbench::testing {

inline constexpr std::uint32_t kTag = 0x2b5d11e7;

inline TrafficConfig traffic_of(const TestVeth& veth, const GeneratorType& type,
                                const TrafficSpec& spec) {
  return {veth.generator(), veth.dut(), spec, kTag, default_options(type.options)};
}

// With every option at its default, but for `changes`.
inline BackendConfig backend_of(const Port& port, const BackendType& type,
                                const Options& changes = {}, const std::string& workload = {}) {
  BackendConfig config;
  config.port = port;
  config.workload = workload.empty() ? type.workloads.front() : workload;
  config.trial_tag = kTag;
  config.options = default_options(type.options);
  for (const auto& [name, value] : changes) config.options[name] = value;
  return config;
}

// The condition, or ten seconds.
template <class Condition>
bool wait_until(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Returns when `count` frames in all have left, as fast as they go or at a rate. A minute is a
// failure.
inline SentCounters send_exactly(TrafficSource& source, std::uint64_t count,
                                 std::optional<double> rate_pps = {}) {
  source.open(count, rate_pps);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!source.finished() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  EXPECT_TRUE(source.finished());
  need(source.close());
  return need(source.sample());
}

// Sends `frame` as it is, until there is room for it.
inline void send_raw(const Port& port, const std::vector<std::uint8_t>& frame) {
  const auto inside = need(sys::NetnsScope::enter(port.netns_path));
  const sys::Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(port.ifindex);
  ssize_t sent = 0;
  do {
    sent = sendto(socket.get(), frame.data(), frame.size(), 0,
                  reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } while (sent < 0 && errno == ENOBUFS);
  ASSERT_EQ(sent, static_cast<ssize_t>(frame.size()));
}

inline std::uint64_t sum(const DropCounts& drops) {
  std::uint64_t frames = 0;
  for (const auto& [place, n] : drops) frames += n;
  return frames;
}

// Once `expected` frames have ended somewhere, or ten seconds later; then once more, for any too
// many.
inline Counters drained(Backend& backend, std::uint64_t expected) {
  wait_until([&] {
    const Counters counters = need(backend.sample());
    return counters.packets + counters.foreign + sum(counters.drops) >= expected;
  });
  return need(backend.sample());
}

// What the generator's device has received since it had `before`: `expected` at least, or ten
// seconds later.
inline std::uint64_t came_back(const TestVeth& veth, std::uint64_t before, std::uint64_t expected) {
  wait_until([&] { return veth.generator_link().rx_packets - before >= expected; });
  return veth.generator_link().rx_packets - before;
}

// Frames that found the DUT's ring full, and those that the DUT's driver counts as dropped after
// that, a failed redirect to an AF_XDP socket among them. Of queue 0.
struct DeviceDrops {
  std::uint64_t ring_full = 0;
  std::uint64_t receiving = 0;
  std::uint64_t sum() const { return ring_full + receiving; }
};

inline DeviceDrops device_drops(const TestVeth& veth) {
  const auto read = [](const Port& port, const std::string& name) {
    const auto inside = need(sys::NetnsScope::enter(port.netns_path));
    return need(sys::driver_statistics(port.name)).at(name);
  };
  return {read(veth.generator(), "tx_queue_0_xdp_xmit_errors"),
          read(veth.dut(), "rx_queue_0_drops")};
}

}  // namespace pktbench::testing
