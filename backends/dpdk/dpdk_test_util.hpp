// Shared by the tests of the dpdk backend behind a veth pair.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <numeric>
#include <string>
#include <system_error>
#include <thread>

#include "backends/dpdk/dpdk.hpp"
#include "harness/text/number_test_util.hpp"
#include "harness/traffic/packet_sendmmsg.hpp"
#include "harness/traffic/test_veth.hpp"
#include "harness/traffic/xdp_live.hpp"

namespace pktbench::backends {

using namespace traffic;
using testing::need;
using testing::TestVeth;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::uint32_t kTag = 0x2b5d11e7;

inline TrafficConfig traffic_of(const TestVeth& veth, const GeneratorType& type, TrafficSpec spec) {
  TrafficConfig config;
  config.from = veth.generator();
  config.to = veth.dut();
  config.traffic = spec;
  config.trial_tag = kTag;
  config.options = testing::default_options(type.options);
  return config;
}

inline BackendConfig backend_of(const TestVeth& veth, const std::string& driver,
                                const std::string& workload = "drop") {
  BackendConfig config;
  config.port = veth.dut();
  config.workload = workload;
  config.trial_tag = kTag;
  config.options = testing::default_options(dpdk_backend().options);
  config.options["driver"] = driver;
  return config;
}

inline std::ptrdiff_t entries(const char* folder) {
  std::error_code none;
  return std::distance(std::filesystem::directory_iterator(folder, none), {});
}

inline std::uint64_t sum(const DropCounts& drops) {
  return std::accumulate(drops.begin(), drops.end(), std::uint64_t{0},
                         [](std::uint64_t n, const auto& place) { return n + place.second; });
}

// As the testbed counts them: redirected frames that found the DUT's ring full, and those that the
// DUT's end gave up, which is where a failed redirect to an AF_XDP socket shows too.
struct DeviceDrops {
  std::uint64_t ring_full = 0;
  std::uint64_t receiving = 0;
};

inline DeviceDrops device_drops(const TestVeth& veth) {
  const auto read = [](const Port& port, const std::string& name) {
    const auto inside = need(sys::NetnsScope::enter(port.netns_path));
    return need(sys::driver_statistics(port.name)).at(name);
  };
  return {read(veth.generator(), "tx_queue_0_xdp_xmit_errors"),
          read(veth.dut(), "rx_queue_0_drops")};
}

inline std::string places(const DropCounts& drops) {
  std::string text;
  for (const auto& [place, n] : drops) text += place + " " + std::to_string(n) + ", ";
  return text;
}

inline EffectiveMode started(Backend& backend, const BackendConfig& config) {
  auto mode = backend.start(config);
  if (!mode) throw std::runtime_error(mode.error().message + "\n" + mode.error().detail);
  return *mode;
}

// Once `expected` frames have ended somewhere, or ten seconds later.
inline Counters drained(Backend& backend, std::uint64_t expected) {
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (true) {
    Counters counters = need(backend.sample());
    if (counters.packets + sum(counters.drops) >= expected || Clock::now() > deadline)
      return counters;
    std::this_thread::sleep_for(milliseconds(5));
  }
}

inline void send_all(TrafficSource& source, std::uint64_t count) {
  source.open(count);
  const auto deadline = Clock::now() + std::chrono::seconds(60);
  while (!source.finished() && Clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  need(source.close());
}

// Starts of a test that looks for what they leave behind: PKTBENCH_TEST_ROUNDS, or `usual`.
inline std::uint64_t rounds(int usual) {
  return static_cast<std::uint64_t>(test::number_of_environment("PKTBENCH_TEST_ROUNDS", usual));
}

using GeneratorFactory = GeneratorType (*)();

class DpdkRoot : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = dpdk_backend().probe(); !reason.empty()) GTEST_SKIP() << reason;
  }
};

}  // namespace pktbench::backends
