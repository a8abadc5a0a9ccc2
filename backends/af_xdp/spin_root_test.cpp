// How long the af_xdp backend looks at an empty ring before it sleeps, and that nothing is lost by
// it.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "backends/af_xdp/receive_loop.hpp"
#include "backends/af_xdp/xsk_queue.hpp"
#include "backends/backend_types.hpp"
#include "harness/testing/need_root.hpp"
#include "harness/testing/sending.hpp"
#include "harness/traffic/generators.hpp"

namespace pktbench::af_xdp {
namespace {

using backends::af_xdp_backend;
using testing::need;
using testing::TestVeth;
using Clock = std::chrono::steady_clock;

class AfXdpSpin : public ::testing::Test {
 protected:
  void SetUp() override {
    NEED_ROOT();
    if (const auto reason = af_xdp_backend().probe(); !reason.empty()) GTEST_SKIP() << reason;
  }
};

// Or ten seconds later.
void wait_until_asleep(pid_t tid) {
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (Clock::now() < deadline) {
    std::ifstream status("/proc/self/task/" + std::to_string(tid) + "/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("State:\tS")) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ADD_FAILURE() << "the loop does not sleep";
}

std::uint64_t looks_before_sleep(const TestVeth& veth, std::uint32_t spin_us) {
  const auto inside = need(sys::NetnsScope::enter(veth.dut().netns_path));
  XskConfig config;
  config.device = veth.dut().name;
  const auto queue = need(XskQueue::open(config));
  const Idle idle{.spin_us = spin_us};
  const auto drop = [](std::uint8_t*, std::uint32_t) { return backends::Verdict::drop; };
  backends::PollThread thread;
  need(thread.start(veth.dut(), veth.dut().cpus.front(), [&](backends::PollThread& self) {
    return receive_loop(*queue, drop, idle, 64, self);
  }));
  wait_until_asleep(thread.tid());
  const auto looks = thread.counters().empty_polls.load();
  thread.stop();
  EXPECT_EQ(thread.error(), 0);
  return looks;
}

TEST_F(AfXdpSpin, LooksAgainBeforeItSleepsAndWithoutOneNot) {
  const TestVeth veth;
  EXPECT_EQ(looks_before_sleep(veth, 0), 1u);
  EXPECT_GT(looks_before_sleep(veth, 1000), 1u);
}

TEST_F(AfXdpSpin, IsSaidInTheModeAndLosesNothing) {
  struct Case {
    const char* wakeup;
    std::int64_t asked;  // -1: the default
    bool threaded;
    const char* said;  // empty: nothing
  };
  for (const Case& c :
       {Case{"poll", -1, false, "20"}, Case{"poll", 0, false, "0"},
        Case{"poll", 1000, false, "1000"}, Case{"poll", -1, true, "0: NAPI runs in threads"},
        Case{"need-wakeup", -1, false, ""}}) {
    SCOPED_TRACE(std::to_string(c.asked) + (c.threaded ? ", threaded" : ""));
    const TestVeth veth;
    if (c.threaded) veth.thread_napi();
    BackendConfig config = testing::backend_of(veth.dut(), af_xdp_backend());
    config.options["wakeup"] = std::string(c.wakeup);
    if (c.asked >= 0) config.options["spin_us"] = c.asked;
    const auto backend = af_xdp_backend().make();
    const auto details = need(backend->start(config)).details;
    const auto said = details.find("spin_us");
    EXPECT_EQ(said == details.end() ? "" : said->second, c.said);
    const auto type = traffic::generator("xdp-live");
    const auto source = type.make();
    need(source->start(testing::traffic_of(veth, type, {64, 1})));
    // In bursts that every buffer on the way can hold, however slow the machine is.
    for (std::uint64_t sent = 50; sent <= 500; sent += 50) {
      testing::send_exactly(*source, 50, 20'000);
      testing::drained(*backend, sent);
    }
    const auto got = need(backend->sample());
    EXPECT_EQ(got.packets, 500u);
    for (const auto& [place, n] : got.drops) EXPECT_EQ(n, 0u) << place;
  }
}

}  // namespace
}  // namespace pktbench::af_xdp
