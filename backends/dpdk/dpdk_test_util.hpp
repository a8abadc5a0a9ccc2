// Shared by the tests of the dpdk backend behind a veth pair.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "backends/backend_types.hpp"
#include "harness/testing/sending.hpp"
#include "harness/text/number_test_util.hpp"
#include "harness/traffic/generators.hpp"

namespace pktbench::backends {

using namespace traffic;
using namespace testing;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

inline BackendConfig backend_of(const TestVeth& veth, const std::string& driver,
                                const std::string& workload = "drop") {
  return testing::backend_of(veth.dut(), dpdk_backend(), {{"driver", driver}}, workload);
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

// Starts of a test that looks for what they leave behind: PKTBENCH_TEST_ROUNDS, or `usual`.
inline std::uint64_t rounds(int usual) {
  return static_cast<std::uint64_t>(test::number_of_environment("PKTBENCH_TEST_ROUNDS", usual));
}

class DpdkRoot : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = dpdk_backend().probe(); !reason.empty()) GTEST_SKIP() << reason;
  }
};

}  // namespace pktbench::backends
