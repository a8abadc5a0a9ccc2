// What the af_xdp backend says, refuses and leaves behind, on a veth pair.
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "backends/af_xdp/af_xdp.hpp"
#include "backends/af_xdp/xsk_queue.hpp"
#include "harness/traffic/test_veth.hpp"

namespace pktbench::backends {
namespace {

using testing::need;
using testing::TestVeth;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

BackendConfig config_on(const Port& port, const Options& changes = {}) {
  BackendConfig config;
  config.port = port;
  config.workload = "drop";
  config.options = testing::default_options(af_xdp_backend().options);
  for (const auto& [name, value] : changes) config.options[name] = value;
  return config;
}

class AfXdpStart : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = sys::missing_capabilities(); !missing.empty())
      GTEST_SKIP() << "needs " << missing.front();
    if (const auto reason = af_xdp_backend().probe(); !reason.empty()) GTEST_SKIP() << reason;
  }
  std::unique_ptr<Backend> backend_ = af_xdp_backend().make();
};

TEST_F(AfXdpStart, SaysWhatWasObtained) {
  const TestVeth veth;
  auto mode = need(backend_->start(config_on(veth.dut())));
  EXPECT_EQ(mode.requested, "af_xdp/auto/native");
  EXPECT_EQ(mode.effective, "af_xdp/copy/native");
  EXPECT_EQ(mode.details.at("wakeup"), "poll");
  EXPECT_EQ(mode.details.at("umem_frames"), "4096");
  auto config = config_on(veth.dut(), {{"copy_mode", "copy"}, {"attach", "generic"}});
  mode = need(backend_->start(config));
  EXPECT_EQ(mode.requested, "af_xdp/copy/generic");
  EXPECT_EQ(mode.effective, "af_xdp/copy/generic");
  // veth has no NAPI that the kernel knows by its queue.
  mode = need(backend_->start(config_on(veth.dut(), {{"wakeup", "busy-poll"}})));
  EXPECT_EQ(mode.details.at("wakeup"), "busy-poll without NAPI: spins");
}

TEST_F(AfXdpStart, RefusedZeroCopyIsUnsupportedWithTheKernelsReason) {
  const TestVeth veth;
  auto refused = backend_->start(config_on(veth.dut(), {{"copy_mode", "zerocopy"}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  EXPECT_EQ(refused.error().sys_errno, EOPNOTSUPP);
  EXPECT_NE(refused.error().message.find("Operation not supported"), std::string::npos);
  EXPECT_EQ(veth.dut_link().xdp_program_id, 0u);
  refused =
      backend_->start(config_on(veth.dut(), {{"copy_mode", "zerocopy"}, {"attach", "generic"}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
}

TEST_F(AfXdpStart, WhatCannotBeIsRefusedAndNothingStays) {
  const TestVeth veth;
  const auto code = [&](const BackendConfig& config) {
    const auto started = backend_->start(config);
    EXPECT_TRUE(backend_->threads().empty());
    EXPECT_EQ(veth.dut_link().xdp_program_id, 0u);
    return started ? ErrorCode::interrupted : started.error().code;
  };
  EXPECT_EQ(code(config_on(veth.dut(), {{"ring_size", std::int64_t{1000}}})),
            ErrorCode::invalid_input);
  EXPECT_EQ(code(config_on(veth.dut(), {{"frame_bytes", std::int64_t{3000}}})),
            ErrorCode::invalid_input);
  auto config = config_on(veth.dut());
  config.workload = "pass";
  EXPECT_EQ(code(config), ErrorCode::unsupported);
  config = config_on(veth.dut());
  config.port.cpus = {1 << 20};
  EXPECT_NE(code(config), ErrorCode::interrupted);
  config.port.cpus = {};
  EXPECT_EQ(code(config), ErrorCode::invalid_input);
  config = config_on(veth.dut());
  config.port.queues = 2;  // it has one
  EXPECT_NE(code(config), ErrorCode::interrupted);
  EXPECT_FALSE(backend_->sample());
}

TEST_F(AfXdpStart, AForeignProgramAndAForeignSocketAreLeftAlone) {
  const TestVeth veth;
  need(backend_->start(config_on(veth.dut())));
  const auto other = af_xdp_backend().make();
  auto refused = other->start(config_on(veth.dut()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::refused);
  backend_->stop();

  const auto inside = need(sys::NetnsScope::enter(veth.dut().netns_path));
  af_xdp::XskConfig foreign;
  foreign.device = veth.dut().name;
  const auto queue = need(af_xdp::XskQueue::open(foreign));
  refused = other->start(config_on(veth.dut()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::refused);
}

TEST_F(AfXdpStart, ADeviceThatGoesAwayIsAnErrorAndNoHang) {
  for (const std::string wakeup : {"poll", "busy-poll"}) {
    const TestVeth brief;
    need(backend_->start(config_on(brief.dut(), {{"wakeup", wakeup}})));
    const std::string ns = std::filesystem::path(brief.dut().netns_path).filename();
    ASSERT_EQ(std::system(("ip -n " + ns + " link del " + brief.dut().name).c_str()), 0);
    const auto deadline = Clock::now() + std::chrono::seconds(10);
    while (backend_->sample() && Clock::now() < deadline)
      std::this_thread::sleep_for(milliseconds(1));
    EXPECT_FALSE(backend_->sample()) << wakeup;
    backend_->stop();
  }
}

// Each third start fails half way. A mapping that stays would keep a socket and its memory.
TEST_F(AfXdpStart, StartAndStopLeaveNothingOpen) {
  const TestVeth veth;
  const auto count = [](const char* path) {
    return std::distance(std::filesystem::directory_iterator(path), {});
  };
  const auto rings = [] {
    std::ifstream maps("/proc/self/maps");
    std::string line;
    int n = 0;
    while (std::getline(maps, line)) n += line.find("socket:") != std::string::npos;
    return n;
  };
  const auto files = count("/proc/self/fd");
  const auto threads = count("/proc/self/task");
  const char* rounds = std::getenv("PKTBENCH_TEST_ROUNDS");
  const int n = rounds ? std::atoi(rounds) : 200;
  for (int i = 0; i < n; ++i) {
    const bool refused = i % 3 == 2;
    const auto started = backend_->start(
        config_on(veth.dut(), {{"copy_mode", refused ? "zerocopy" : "copy"},
                               {"attach", i % 2 && !refused ? "generic" : "native"}}));
    ASSERT_EQ(started.ok(), !refused) << i << ": " << (refused ? "" : started.error().message);
    ASSERT_EQ(count("/proc/self/task"), threads + !refused);
    backend_->stop();
    ASSERT_EQ(count("/proc/self/fd"), files) << i;
    ASSERT_EQ(rings(), 0) << i;
  }
  EXPECT_EQ(count("/proc/self/task"), threads);
  EXPECT_EQ(veth.dut_link().xdp_program_id, 0u);
}

}  // namespace
}  // namespace pktbench::backends
