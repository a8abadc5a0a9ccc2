// What the af_xdp backend says, refuses and leaves behind, on a veth pair.
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "backends/af_xdp/xsk_queue.hpp"
#include "backends/backend_types.hpp"
#include "harness/testing/need_root.hpp"
#include "harness/testing/test_veth.hpp"
#include "harness/text/number_test_util.hpp"

namespace pktbench::backends {
namespace {

using testing::need;
using testing::TestVeth;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

BackendConfig config_for(const Port& port, const Options& changes = {}) {
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
    NEED_ROOT();
    if (const auto reason = af_xdp_backend().probe(); !reason.empty()) GTEST_SKIP() << reason;
  }
  std::unique_ptr<Backend> backend_ = af_xdp_backend().make();
};

TEST_F(AfXdpStart, SaysWhatWasObtained) {
  const TestVeth veth;
  auto mode = need(backend_->start(config_for(veth.dut())));
  EXPECT_EQ(mode.requested, "af_xdp/auto/native");
  EXPECT_EQ(mode.effective, "af_xdp/copy/native");
  EXPECT_EQ(mode.details.at("wakeup"), "poll");
  EXPECT_EQ(mode.details.at("umem_frames"), "4096");
  auto config = config_for(veth.dut(), {{"copy_mode", "copy"}, {"attach", "generic"}});
  mode = need(backend_->start(config));
  EXPECT_EQ(mode.requested, "af_xdp/copy/generic");
  EXPECT_EQ(mode.effective, "af_xdp/copy/generic");
  // veth has no NAPI that the kernel knows by its queue.
  mode = need(backend_->start(config_for(veth.dut(), {{"wakeup", "busy-poll"}})));
  EXPECT_EQ(mode.details.at("wakeup"), "busy-poll without NAPI: spins");
}

TEST_F(AfXdpStart, RefusedZeroCopyIsUnsupportedWithTheKernelsReason) {
  const TestVeth veth;
  auto refused = backend_->start(config_for(veth.dut(), {{"copy_mode", "zerocopy"}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  EXPECT_EQ(refused.error().sys_errno, EOPNOTSUPP);
  EXPECT_NE(refused.error().message.find("Operation not supported"), std::string::npos);
  EXPECT_EQ(veth.dut_link().xdp_program_id, 0u);
  refused =
      backend_->start(config_for(veth.dut(), {{"copy_mode", "zerocopy"}, {"attach", "generic"}}));
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
  EXPECT_EQ(code(config_for(veth.dut(), {{"ring_size", std::int64_t{1000}}})),
            ErrorCode::invalid_input);
  EXPECT_EQ(code(config_for(veth.dut(), {{"frame_bytes", std::int64_t{3000}}})),
            ErrorCode::invalid_input);
  auto config = config_for(veth.dut());
  config.workload = "pass";
  EXPECT_EQ(code(config), ErrorCode::unsupported);
  config = config_for(veth.dut());
  config.port.cpus = {1 << 20};
  EXPECT_NE(code(config), ErrorCode::interrupted);
  config.port.cpus = {};
  EXPECT_EQ(code(config), ErrorCode::invalid_input);
  config = config_for(veth.dut());
  config.port.queues = 2;  // it has one
  EXPECT_NE(code(config), ErrorCode::interrupted);
  EXPECT_FALSE(backend_->sample());
}

TEST_F(AfXdpStart, AForeignProgramAndAForeignSocketAreLeftAlone) {
  const TestVeth veth;
  need(backend_->start(config_for(veth.dut())));
  const auto other = af_xdp_backend().make();
  auto refused = other->start(config_for(veth.dut()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::refused);
  backend_->stop();

  const auto inside = need(sys::NetnsScope::enter(veth.dut().netns_path));
  af_xdp::XskConfig foreign;
  foreign.device = veth.dut().name;
  const auto queue = need(af_xdp::XskQueue::open(foreign));
  refused = other->start(config_for(veth.dut()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::refused);
}

TEST_F(AfXdpStart, ADeviceThatGoesAwayIsAnErrorAndNoHang) {
  for (const std::string wakeup : {"poll", "busy-poll"}) {
    const TestVeth brief;
    need(backend_->start(config_for(brief.dut(), {{"wakeup", wakeup}})));
    const std::string ns = std::filesystem::path(brief.dut().netns_path).filename();
    ASSERT_EQ(std::system(("ip -n " + ns + " link del " + brief.dut().name).c_str()), 0);
    const auto deadline = Clock::now() + std::chrono::seconds(10);
    while (backend_->sample() && Clock::now() < deadline)
      std::this_thread::sleep_for(milliseconds(1));
    EXPECT_FALSE(backend_->sample()) << wakeup;
    backend_->stop();
  }
}

// The number behind `key` in a file of "key: number" or "key number" lines.
std::int64_t value_of(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string word; file >> word;)
    if (word == key || word == key + ":") {
      std::int64_t value = 0;
      file >> value;
      return value;
    }
  ADD_FAILURE() << path << " has no " << key;
  return 0;
}

// Huge pages beyond those that are in use, for as long as this lives.
class ReservedHugePages {
 public:
  explicit ReservedHugePages(std::int64_t count) : before_(value_of("/proc/meminfo", kTotal)) {
    std::ofstream(kSetting) << before_ + count;
    enough_ = value_of("/proc/meminfo", "HugePages_Free") >= count;
  }
  ReservedHugePages(const ReservedHugePages&) = delete;
  ReservedHugePages& operator=(const ReservedHugePages&) = delete;
  ~ReservedHugePages() { std::ofstream(kSetting) << before_; }
  bool enough() const { return enough_; }

 private:
  static constexpr const char* kTotal = "HugePages_Total";
  static constexpr const char* kSetting = "/proc/sys/vm/nr_hugepages";
  std::int64_t before_;
  bool enough_ = false;
};

// What a start could leave behind, in this process and in the kernel.
struct Held {
  std::int64_t files = 0;
  std::int64_t threads = 0;
  std::int64_t sockets_mapped = 0;  // each keeps a socket and its memory
  std::int64_t locked_kb = 0;
  std::int64_t free_huge_pages = 0;
  std::int64_t resident_kb = 0;
  std::int64_t pinned_pages = 0;  // of the whole machine

  static Held now() {
    Held h;
    h.files = testing::entries("/proc/self/fd");
    h.threads = testing::entries("/proc/self/task");
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);)
      h.sockets_mapped += line.find("socket:") != std::string::npos;
    h.locked_kb = value_of("/proc/self/status", "VmLck");
    h.resident_kb = value_of("/proc/self/status", "VmRSS");
    h.free_huge_pages = value_of("/proc/meminfo", "HugePages_Free");
    h.pinned_pages = value_of("/proc/vmstat", "nr_foll_pin_acquired") -
                     value_of("/proc/vmstat", "nr_foll_pin_released");
    return h;
  }
};

// Each third start fails half way, each third has its UMEM in huge pages. More rounds by hand, as
// root, in the build's folder (10,000 take about 12 minutes):
//   export PKTBENCH_TEST_ROUNDS=10000
//   backends/af_xdp/backend_af_xdp_root_test --gtest_filter='*NothingOpen'
TEST_F(AfXdpStart, StartAndStopLeaveNothingOpen) {
  const TestVeth veth;
  const int n = test::number_of_environment("PKTBENCH_TEST_ROUNDS", 200, 10);
  constexpr std::int64_t kUmemKb = 8192;
  constexpr std::int64_t kUmemHugePages = kUmemKb / 2048;
  const ReservedHugePages huge(2 * kUmemHugePages);
  const auto round = [&](int i) {
    const bool refused = i % 3 == 2;
    const bool in_huge_pages = huge.enough() && i % 3 == 1;
    // The kernel takes a UMEM down in its own time.
    const auto deadline = Clock::now() + std::chrono::seconds(5);
    while (in_huge_pages && value_of("/proc/meminfo", "HugePages_Free") < kUmemHugePages)
      ASSERT_LT(Clock::now(), deadline) << "huge pages do not come back";
    const auto started = backend_->start(
        config_for(veth.dut(), {{"copy_mode", refused ? "zerocopy" : "copy"},
                                {"attach", i % 2 && !refused ? "generic" : "native"},
                                {"huge_pages", in_huge_pages}}));
    ASSERT_EQ(started.ok(), !refused) << (refused ? "" : started.error().message);
    ASSERT_EQ(backend_->threads().size(), refused ? 0u : 1u);
    backend_->stop();
  };
  // What is allocated once, and stays.
  for (int i = 0; i < 6; ++i) ASSERT_NO_FATAL_FAILURE(round(i));
  std::this_thread::sleep_for(milliseconds(200));
  const Held before = Held::now();
  EXPECT_EQ(before.sockets_mapped, 0);
  for (int i = 0; i < n; ++i) {
    SCOPED_TRACE(i);
    ASSERT_NO_FATAL_FAILURE(round(i));
    const Held now = Held::now();
    ASSERT_EQ(now.files, before.files);
    ASSERT_EQ(now.threads, before.threads);
    ASSERT_EQ(now.sockets_mapped, 0);
    ASSERT_EQ(now.locked_kb, before.locked_kb);
  }
  const auto deadline = Clock::now() + std::chrono::seconds(5);
  Held after = Held::now();
  while ((after.free_huge_pages != before.free_huge_pages ||
          after.pinned_pages != before.pinned_pages) &&
         Clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(10));
    after = Held::now();
  }
  EXPECT_EQ(after.free_huge_pages, before.free_huge_pages);
  // Others on the machine may pin pages as well; half a UMEM of them is none of ours.
  EXPECT_LT(after.pinned_pages - before.pinned_pages, kUmemKb / 4 / 2);
#if !defined(PKTBENCH_SANITIZE_ADDRESS) && !defined(PKTBENCH_SANITIZE_THREAD)
  // Sanitizers keep what is freed.
  EXPECT_LT(after.resident_kb - before.resident_kb, kUmemKb / 2);
#endif
  EXPECT_EQ(veth.dut_link().xdp_program_id, 0u);
  if (!huge.enough()) GTEST_SKIP() << "all but huge pages: none could be reserved";
}

}  // namespace
}  // namespace pktbench::backends
