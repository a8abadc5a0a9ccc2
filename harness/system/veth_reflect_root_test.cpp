// The workload `reflect` on the veth testbed: send N, assert N received, N sent back, N come back.
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "harness/core/units.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/system/veth_fixture.hpp"

namespace pktbench::cli {
namespace {

constexpr std::uint32_t kTag = 0xbac0;

using Clock = std::chrono::steady_clock;
// For what must happen in the end: a busy host may leave a thread waiting for seconds.
constexpr std::chrono::seconds kPatience{60};

class VethReflect : public VethFixture {
 protected:
  void TearDown() override {
    VethFixture::TearDown();
    if (!not_reflected_.empty()) GTEST_SKIP() << "not reflected: " << not_reflected_;
  }

  // Attaches everything that a trial has, in its order.
  void start(const std::string& generator, const std::string& backend, std::uint32_t frame_size,
             std::uint32_t flows, const Options& changes = {}, std::uint32_t sink_tag = kTag) {
    const BackendType& backend_type = *find_by_name(registry().backends, backend);
    Options options = testing::default_options(backend_type.options);
    for (const auto& [name, value] : changes) options[name] = value;
    receiver_ = backend_type.make();
    const auto fit = testbed_->use_frames({frame_size, flows, "", ip_});
    ASSERT_TRUE(fit) << fit.error().message;
    auto mode = receiver_->start(
        {testbed_->dut().port(), "reflect", {frame_size, flows, "", ip_}, kTag, options});
    ASSERT_TRUE(mode) << mode.error().message << "\n" << mode.error().detail;
    auto sink = testbed_->generator().take_returned(sink_tag, false);
    ASSERT_TRUE(sink) << sink.error().message << "\n" << sink.error().detail;
    sink_threads_ = *sink;
    ASSERT_TRUE(testbed_->dut().settle(!receiver_->threads().empty()));
    const GeneratorType& generator_type = *find_by_name(registry().generators, generator);
    source_ = generator_type.make();
    auto started = source_->start({testbed_->generator().port(),
                                   testbed_->dut().port(),
                                   {frame_size, flows, "", ip_},
                                   kTag,
                                   testing::default_options(generator_type.options)});
    ASSERT_TRUE(started) << started.error().message << "\n" << started.error().detail;
  }

  void stop() {
    source_->stop();
    receiver_->stop();
    testbed_->generator().release_returned();
  }

  // In bursts that every buffer on the way holds, each of which has come back before the next.
  void send(std::uint64_t frames) {
    constexpr std::uint64_t kBurst = 50;
    for (std::uint64_t sent = 0; sent < frames; sent += kBurst) {
      source_->open(std::min(kBurst, frames - sent));
      while (!source_->finished()) std::this_thread::sleep_for(std::chrono::microseconds(100));
      ASSERT_TRUE(source_->close());
      const std::uint64_t expected = std::min(sent + kBurst, frames);
      const auto deadline = Clock::now() + kPatience;
      while (Clock::now() < deadline) {
        auto received = receiver_->sample();
        auto returned = testbed_->generator().returned();
        ASSERT_TRUE(received) << received.error().message;
        ASSERT_TRUE(returned) << returned.error().message;
        if (received->packets >= expected && returned->accounted() >= expected) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
  }

  void reflect(const std::string& generator, const std::string& backend, std::uint32_t frame_size,
               std::uint32_t flows, std::uint64_t frames, const Options& changes = {}) {
    SCOPED_TRACE(generator + " to " + backend + ", " + std::to_string(frame_size) + " B, " +
                 std::to_string(flows) + " flows");
    if (auto reason = find_by_name(registry().backends, backend)->probe(); !reason.empty()) {
      not_reflected_ += backend + ": " + reason + "; ";
      return;
    }
    ASSERT_NO_FATAL_FAILURE(start(generator, backend, frame_size, flows, changes));
    auto drops_before = dropped_at_ends(*testbed_);
    ASSERT_NO_FATAL_FAILURE(send(frames));
    auto sent = source_->sample();
    auto received = receiver_->sample();
    auto drops_after = dropped_at_ends(*testbed_);
    auto returned = testbed_->generator().returned();
    ASSERT_TRUE(sent && received && drops_before && drops_after && returned);
    EXPECT_EQ(sent->packets, frames);
    EXPECT_EQ(received->packets, frames);
    EXPECT_EQ(received->bytes, frames * buffer_length(frame_size));
    EXPECT_EQ(received->details["reflected"], frames);
    EXPECT_EQ(received->details["not_sent"], 0u);
    EXPECT_EQ(returned->packets, frames);
    EXPECT_EQ(returned->strays, 0u);
    for (const auto& [place, n] : returned->drops) EXPECT_EQ(n, 0u) << place;
    for (const auto& [place, n] : received->drops) EXPECT_EQ(n, 0u) << place;
    EXPECT_EQ(*drops_after, *drops_before);
    stop();
  }

  unsigned programs_at_generator() {
    auto inside = sys::NetnsScope::enter(testbed_->generator().port().netns_path);
    return sys::get_link(testbed_->generator().port().name)->xdp_program_id != 0 ? 1 : 0;
  }

  std::uint32_t ip_ = 4;
  std::string not_reflected_;
  std::unique_ptr<Backend> receiver_;
  std::unique_ptr<TrafficSource> source_;
  std::vector<pid_t> sink_threads_;
};

constexpr const char* kReflecting[] = {"xdp-native",   "xdp-generic",  "af_xdp",
                                       "udp-recvfrom", "udp-recvmmsg", "packet-mmap"};
constexpr const char* kGenerators[] = {"xdp-live", "packet-sendmmsg", "udp-sendmmsg"};

TEST_F(VethReflect, Ipv6ComesBackAsWell) {
  bring_up("isolated");
  ip_ = 6;
  for (const char* generator : kGenerators)
    for (const char* backend : kReflecting) reflect(generator, backend, 84, 10, 500);
}

class EveryArrangement : public VethReflect, public ::testing::WithParamInterface<const char*> {};

TEST_P(EveryArrangement, EveryFrameComesBackFromEveryBackendToEveryGenerator) {
  bring_up(GetParam());
  for (const char* generator : kGenerators)
    for (const char* backend : kReflecting) reflect(generator, backend, 64, 1, 1000);
  reflect("xdp-live", "af_xdp", 64, 1, 1000, {{"attach", std::string("generic")}});
}

INSTANTIATE_TEST_SUITE_P(VethReflect, EveryArrangement,
                         ::testing::Values("isolated", "pump", "inline"),
                         [](const auto& i) { return std::string(i.param); });

TEST_F(VethReflect, FrameSizesAndFlowsComeBackExactly) {
  bring_up("isolated");
  for (const char* backend : kReflecting)
    for (std::uint32_t size : {64u, 512u, 1518u})
      for (std::uint32_t flows : {1u, 1000u}) reflect("xdp-live", backend, size, flows, 2000);
}

TEST_F(VethReflect, TwoQueuesComeBackExactly) {
  bring_up("isolated", 2);
  for (const char* backend : kReflecting) reflect("packet-sendmmsg", backend, 64, 256, 2000);
  EXPECT_EQ(sink_threads_.size(), 2u);
}

// Far more than the generator's pool of frames has: each is used again with what the DUT wrote
// into it, and must leave the generator as new.
TEST_F(VethReflect, AFloodIsAccountedForFrameByFrame) {
  for (const char* arrangement : {"isolated", "pump", "inline"}) {
    bring_up(arrangement);
    for (const char* backend : kReflecting) {
      SCOPED_TRACE(std::string(arrangement) + ", " + backend);
      ASSERT_NO_FATAL_FAILURE(start("xdp-live", backend, 64, 1000));
      Counters received;
      Returned returned;
      const auto read = [&] {
        auto r = receiver_->sample();
        auto back = testbed_->generator().returned();
        ASSERT_TRUE(r && back);
        received = *r;
        returned = *back;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      };
      const auto sent_back = [&] {
        return received.details["reflected"] - received.details["not_sent"];
      };
      const auto deadline = Clock::now() + kPatience;
      source_->open();
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      while (returned.packets <= 2000 && Clock::now() < deadline) ASSERT_NO_FATAL_FAILURE(read());
      ASSERT_TRUE(source_->close());
      // Until no more comes.
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      do {
        ASSERT_NO_FATAL_FAILURE(read());
      } while (returned.accounted() != sent_back() && Clock::now() < deadline);
      EXPECT_GT(returned.packets, 2000u);
      EXPECT_EQ(returned.strays, 0u);
      EXPECT_EQ(received.details["reflected"], received.packets);
      EXPECT_EQ(returned.accounted(), sent_back());
      stop();
    }
    ASSERT_TRUE(testbed_->down());
  }
}

TEST_F(VethReflect, TheSinkRunsOnTheGeneratorsCpuAndGoesWithTheTrial) {
  bring_up("isolated");
  EXPECT_EQ(programs_at_generator(), 0u);
  ASSERT_NO_FATAL_FAILURE(start("xdp-live", "xdp-native", 64, 1));
  EXPECT_EQ(programs_at_generator(), 1u);
  ASSERT_EQ(sink_threads_.size(), 1u);
  cpu_set_t set;
  ASSERT_EQ(sched_getaffinity(sink_threads_[0], sizeof set, &set), 0);
  EXPECT_EQ(CPU_COUNT(&set), 1);
  EXPECT_TRUE(CPU_ISSET(testbed_->generator().port().cpus.front(), &set));
  EXPECT_EQ(sched_getscheduler(sink_threads_[0]), SCHED_FIFO);
  auto settled = testbed_->dut().settle(false);
  ASSERT_TRUE(settled);
  EXPECT_EQ(std::count(settled->begin(), settled->end(), sink_threads_[0]), 0);
  stop();
  EXPECT_EQ(programs_at_generator(), 0u);
  EXPECT_FALSE(testbed_->generator().returned());
}

TEST_F(VethReflect, FramesOfAnotherTrialAreStraysAndDoNotCount) {
  bring_up("isolated");
  ASSERT_NO_FATAL_FAILURE(start("xdp-live", "xdp-native", 64, 1, {}, kTag + 1));
  ASSERT_NO_FATAL_FAILURE(send(100));
  auto returned = testbed_->generator().returned();
  ASSERT_TRUE(returned);
  EXPECT_EQ(returned->packets, 0u);
  EXPECT_EQ(returned->strays, 100u);
  stop();
}

}  // namespace
}  // namespace pktbench::cli
