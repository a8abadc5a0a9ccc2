// The workload `forward` on the veth testbed: send N, assert N received, N forwarded, N counted at
// the generator's second port.
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "harness/core/units.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/system/veth_fixture.hpp"
#include "harness/testbed/namespaces.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench::cli {
namespace {

constexpr std::uint32_t kForwardTag = 0xf0a0;

using Clock = std::chrono::steady_clock;
// For what must happen in the end: a busy host may leave a thread waiting for seconds.
constexpr std::chrono::seconds kForwardPatience{60};

class VethForward : public VethFixture {
 protected:
  void TearDown() override {
    if (source_) stop();
    VethFixture::TearDown();
    if (!not_forwarded_.empty()) GTEST_SKIP() << "not forwarded: " << not_forwarded_;
  }

  Hop hop() {
    const Port& to = testbed_->generator_in()->port();
    return {testbed_->dut_out()->port(), to.mac, to.ipv4};
  }

  // Attaches everything that a trial has, in its order.
  void start(const std::string& generator, const std::string& backend, std::uint32_t frame_size,
             std::uint32_t flows, const Options& changes = {},
             std::uint32_t sink_tag = kForwardTag) {
    const BackendType& backend_type = *find_by_name(registry().backends, backend);
    Options options = testing::default_options(backend_type.options);
    for (const auto& [name, value] : changes) options[name] = value;
    const auto there = testbed_->use_second_ports();
    ASSERT_TRUE(there) << there.error().message;
    BackendConfig config{
        testbed_->dut().port(), "forward", {frame_size, flows}, kForwardTag, options};
    config.hop = hop();
    receiver_ = backend_type.make();
    auto mode = receiver_->start(config);
    ASSERT_TRUE(mode) << mode.error().message << "\n" << mode.error().detail;
    auto sink = testbed_->generator_in()->take_returned(sink_tag, false);
    ASSERT_TRUE(sink) << sink.error().message << "\n" << sink.error().detail;
    sink_threads_ = *sink;
    ASSERT_TRUE(testbed_->dut().settle(!receiver_->threads().empty()));
    const GeneratorType& generator_type = *find_by_name(registry().generators, generator);
    TrafficConfig traffic{testbed_->generator().port(),
                          testbed_->dut().port(),
                          {frame_size, flows},
                          kForwardTag,
                          testing::default_options(generator_type.options)};
    traffic.to.ipv4 = hop().destination;
    source_ = generator_type.make();
    auto started = source_->start(traffic);
    ASSERT_TRUE(started) << started.error().message << "\n" << started.error().detail;
  }

  void stop() {
    source_->stop();
    source_.reset();
    receiver_->stop();
    testbed_->generator_in()->release_returned();
  }

  static std::uint64_t sum(const DropCounts& drops) {
    std::uint64_t all = 0;
    for (const auto& [place, n] : drops) all += n;
    return all;
  }

  // In bursts that every buffer on the way holds, each of which has arrived, or was dropped by
  // name, before the next.
  void send(std::uint64_t frames) {
    constexpr std::uint64_t kBurst = 50;
    for (std::uint64_t sent = 0; sent < frames; sent += kBurst) {
      source_->open(std::min(kBurst, frames - sent));
      while (!source_->finished()) std::this_thread::sleep_for(std::chrono::microseconds(100));
      ASSERT_TRUE(source_->close());
      const std::uint64_t expected = std::min(sent + kBurst, frames);
      const auto deadline = Clock::now() + kForwardPatience;
      while (Clock::now() < deadline) {
        auto received = receiver_->sample();
        auto returned = testbed_->generator_in()->returned();
        ASSERT_TRUE(received) << received.error().message;
        ASSERT_TRUE(returned) << returned.error().message;
        // Whichever of the two hears of a frame first.
        if (returned->accounted() + sum(received->drops) >= expected &&
            received->packets + sum(received->drops) >= expected)
          break;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
  }

  // Frames that get nowhere: until the backend has a name for each.
  void lose(std::uint64_t frames, const std::string& place) {
    const auto before = receiver_->sample();
    ASSERT_TRUE(before) << before.error().message;
    source_->open(frames);
    while (!source_->finished()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ASSERT_TRUE(source_->close());
    Counters now;
    const auto deadline = Clock::now() + kForwardPatience;
    do {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      auto sample = receiver_->sample();
      ASSERT_TRUE(sample) << sample.error().message;
      now = std::move(*sample);
    } while (sum(now.drops) - sum(before->drops) < frames && Clock::now() < deadline);
    EXPECT_EQ(now.drops.at(place) - before->drops.at(place), frames);
    EXPECT_EQ(sum(now.drops) - sum(before->drops), frames);
    EXPECT_EQ(now.packets, before->packets);
    EXPECT_EQ(now.bytes, before->bytes);
  }

  void forward(const std::string& generator, const std::string& backend, std::uint32_t frame_size,
               std::uint32_t flows, std::uint64_t frames, const Options& changes = {}) {
    SCOPED_TRACE(generator + " to " + backend + ", " + std::to_string(frame_size) + " B, " +
                 std::to_string(flows) + " flows");
    if (auto reason = find_by_name(registry().backends, backend)->probe(); !reason.empty()) {
      not_forwarded_ += backend + ": " + reason + "; ";
      return;
    }
    ASSERT_NO_FATAL_FAILURE(start(generator, backend, frame_size, flows, changes));
    auto drops_before = dropped_at_ends(*testbed_);
    ASSERT_NO_FATAL_FAILURE(send(frames));
    auto sent = source_->sample();
    auto received = receiver_->sample();
    auto drops_after = dropped_at_ends(*testbed_);
    auto returned = testbed_->generator_in()->returned();
    ASSERT_TRUE(sent && received && drops_before && drops_after && returned);
    EXPECT_EQ(sent->packets, frames);
    EXPECT_EQ(received->packets, frames);
    EXPECT_EQ(received->bytes, frames * buffer_length(frame_size));
    EXPECT_EQ(received->details["forwarded"], frames);
    EXPECT_FALSE(received->details.contains("not_sent"));
    EXPECT_EQ(returned->packets, frames);
    EXPECT_EQ(returned->strays, 0u);
    for (const auto& [place, n] : returned->drops) EXPECT_EQ(n, 0u) << place;
    for (const auto& [place, n] : received->drops) EXPECT_EQ(n, 0u) << place;
    EXPECT_EQ(*drops_after, *drops_before);
    stop();
  }

  // Every way of forwarding, each to `generator`.
  void forward_all(const std::string& generator, std::uint32_t frame_size, std::uint32_t flows,
                   std::uint64_t frames) {
    for (const char* backend : {"xdp-native", "xdp-generic", "kernel-forward", "af_xdp"})
      forward(generator, backend, frame_size, flows, frames);
    for (const char* driver : {"net_af_xdp", "net_af_packet"})
      forward(generator, "dpdk", frame_size, flows, frames, {{"driver", std::string(driver)}});
  }

  std::string not_forwarded_;
  std::unique_ptr<Backend> receiver_;
  std::unique_ptr<TrafficSource> source_;
  std::vector<pid_t> sink_threads_;
};

constexpr const char* kForwardGenerators[] = {"xdp-live", "packet-sendmmsg", "udp-sendmmsg"};

class ForwardArrangement : public VethForward, public ::testing::WithParamInterface<const char*> {};

TEST_P(ForwardArrangement, EveryFrameArrivesFromEveryBackendOfEveryGenerator) {
  bring_up(GetParam());
  for (const char* generator : kForwardGenerators) forward_all(generator, 64, 1, 1000);
  forward("xdp-live", "af_xdp", 64, 1, 1000, {{"attach", std::string("generic")}});
}

INSTANTIATE_TEST_SUITE_P(VethForward, ForwardArrangement,
                         ::testing::Values("isolated", "pump", "inline"),
                         [](const auto& i) { return std::string(i.param); });

TEST_F(VethForward, FrameSizesAndFlowsArriveExactly) {
  bring_up("isolated");
  for (std::uint32_t size : {64u, 512u, 1518u}) forward_all("xdp-live", size, 1000, 300);
}

TEST_F(VethForward, TwoQueuesArriveExactly) {
  bring_up("isolated", 2);
  forward_all("packet-sendmmsg", 64, 256, 2000);
  EXPECT_EQ(sink_threads_.size(), 2u);
}

TEST_F(VethForward, WithoutADeviceInTheMapTheFramesAreDroppedByThatName) {
  bring_up("isolated");
  ASSERT_NO_FATAL_FAILURE(start("xdp-live", "xdp-native", 64, 1));
  ASSERT_NO_FATAL_FAILURE(send(100));
  // The kernel takes a device that goes out of every map.
  {
    auto inside = sys::NetnsScope::enter(hop().out.netns_path);
    ASSERT_TRUE(inside);
    ASSERT_TRUE(sys::delete_link(hop().out.ifindex));
  }
  ASSERT_NO_FATAL_FAILURE(lose(100, "xdp_no_out_port"));
  stop();
  // What forwards next has a pair of its own.
  forward("xdp-live", "xdp-native", 64, 1, 200);
}

TEST_F(VethForward, WithoutARouteTheFramesAreDroppedByThatName) {
  bring_up("isolated");
  ASSERT_NO_FATAL_FAILURE(start("xdp-live", "kernel-forward", 64, 1));
  ASSERT_NO_FATAL_FAILURE(send(100));
  {
    auto inside = sys::NetnsScope::enter(hop().out.netns_path);
    ASSERT_TRUE(inside);
    ASSERT_TRUE(sys::delete_route(hop().out.ifindex, hop().destination, testbed::kBehindDutLength));
  }
  ASSERT_NO_FATAL_FAILURE(lose(200, "ip_no_route"));
  EXPECT_EQ(testbed_->generator_in()->returned()->packets, 100u);
}

TEST_F(VethForward, WhatTheWayOutRefusesIsADropOfTheDut) {
  for (const char* backend : {"xdp-native", "xdp-generic", "kernel-forward"}) {
    SCOPED_TRACE(backend);
    bring_up("isolated");
    ASSERT_NO_FATAL_FAILURE(start("xdp-live", backend, 64, 1));
    {
      auto inside = sys::NetnsScope::enter(testbed_->generator_in()->port().netns_path);
      ASSERT_TRUE(inside);
      // A device that is down takes nothing.
      ASSERT_TRUE(sys::set_link_flags(testbed_->generator_in()->port().ifindex, 0, IFF_UP));
    }
    ASSERT_NO_FATAL_FAILURE(lose(200, "out_port_refused"));
    stop();
    ASSERT_TRUE(testbed_->down());
  }
}

TEST_F(VethForward, FramesOfAnotherTrialAreStraysAndDoNotCount) {
  bring_up("isolated");
  ASSERT_NO_FATAL_FAILURE(start("xdp-live", "xdp-native", 64, 1, {}, kForwardTag + 1));
  ASSERT_NO_FATAL_FAILURE(send(100));
  auto returned = testbed_->generator_in()->returned();
  ASSERT_TRUE(returned);
  EXPECT_EQ(returned->packets, 0u);
  EXPECT_EQ(returned->strays, 100u);
}

TEST_F(VethForward, TheSecondPairIsMadeOnlyByWhatForwardsAndGoesWithTheTestbed) {
  bring_up("isolated");
  const auto has = [&](const End& end) { return sys::get_link(end.port()).ok(); };
  EXPECT_FALSE(has(*testbed_->dut_out()));
  EXPECT_FALSE(has(*testbed_->generator_in()));
  ASSERT_TRUE(testbed_->use_second_ports());
  EXPECT_TRUE(has(*testbed_->dut_out()));
  EXPECT_TRUE(has(*testbed_->generator_in()));
  const unsigned first = testbed_->dut_out()->port().ifindex;
  ASSERT_TRUE(testbed_->use_second_ports());
  EXPECT_EQ(testbed_->dut_out()->port().ifindex, first) << "made anew without need";
  const Port out = testbed_->dut_out()->port();
  const Port in = testbed_->generator_in()->port();
  ASSERT_TRUE(testbed_->down());
  EXPECT_FALSE(sys::netns_exists(out.netns_path.substr(out.netns_path.rfind('/') + 1)));
  EXPECT_FALSE(sys::netns_exists(in.netns_path.substr(in.netns_path.rfind('/') + 1)));
  EXPECT_FALSE(undo::has_journals());
}

TEST_F(VethForward, TheKernelForwardsNothingAfterItsBackend) {
  bring_up("isolated");
  const auto forwarding = [&] {
    auto inside = sys::NetnsScope::enter(testbed_->dut().port().netns_path);
    return *undo::kernel_file("/proc/sys/net/ipv4/conf/" + testbed_->dut().port().name +
                              "/forwarding")
                .get();
  };
  EXPECT_EQ(forwarding(), "0");
  ASSERT_NO_FATAL_FAILURE(start("xdp-live", "kernel-forward", 64, 1));
  EXPECT_EQ(forwarding(), "1");
  stop();
  EXPECT_EQ(forwarding(), "0");
}

// A session of it, as a run has it.
class ForwardSession : public VethBackendFixture {
 protected:
  void SetUp() override {
    VethBackendFixture::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    bring_up();
    ASSERT_EQ(sched_getaffinity(0, sizeof affinity_, &affinity_), 0);
    ASSERT_TRUE(sys::pin_thread(0, testbed_->generator().port().cpus.front()));
  }
  void TearDown() override {
    if (CPU_COUNT(&affinity_)) sched_setaffinity(0, sizeof affinity_, &affinity_);
    VethFixture::TearDown();
  }

  cpu_set_t affinity_{};  // of before
};

TEST_P(ForwardSession, ConservesEveryFrameAtAnyLoad) {
  CaseSpec of = spec("xdp-live");
  of.workload = "forward";
  of.forwards = true;
  TrialPlan plan;
  plan.max_disturbance = 1;  // other tests may run
  plan.max_cpu_distance_change = 0;
  plan.max_overrun = 1000;
  plan.max_unsent = 1;
  plan.warmup_s = 0.02;
  plan.duration_s = 0.1;
  const std::atomic<bool> stop{false};
  auto session = method::Session::open(
      of, plan, 0xf5e5,
      {*testbed_, type_->make(), find_by_name(registry().generators, of.generator)->make(), nullptr,
       "not in this test"},
      stop);
  ASSERT_TRUE(session) << session.error().message << "\n" << session.error().detail;
  // The last overloads each of them.
  for (const std::optional<double> rate : {std::optional(2000.0), std::optional(50'000.0), {}}) {
    plan.rate_pps = rate;
    const auto trial = (*session)->measure(plan);
    ASSERT_TRUE(trial) << trial.error().message;
    EXPECT_TRUE(trial->conserved) << trial->reason;
    EXPECT_EQ(trial->unaccounted, 0);
    ASSERT_TRUE(trial->returned);
    EXPECT_EQ(trial->returned->unaccounted, 0);
    EXPECT_EQ(trial->returned->strays, 0u);
    EXPECT_EQ(trial->returned->sent_back, trial->received.packets);
    EXPECT_GT(trial->returned->packets, 0u);
    EXPECT_GT(trial->received.packets, 0u);
    ASSERT_TRUE((*session)->usable()) << trial->reason;
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, ForwardSession,
                         ::testing::Values("xdp-native", "xdp-generic", "kernel-forward", "af_xdp",
                                           "dpdk"),
                         backend_name);

}  // namespace
}  // namespace pktbench::cli
