// DPDK's drivers without a device: what the generator's thread put in is what the loop received.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "backends/common/workload_state.hpp"
#include "backends/dpdk/dpdk_test_util.hpp"
#include "harness/testbed/testbeds.hpp"
#include "harness/traffic/generators.hpp"

namespace pktbench::backends {
namespace {

// The testbed with a backend and the generator of its kind.
class DpdkMemory : public DpdkRoot {
 protected:
  void SetUp() override {
    DpdkRoot::SetUp();
    if (IsSkipped()) return;
    const auto type = testbed::memory_testbed();
    if (const auto reason = type.probe(); !reason.empty()) GTEST_SKIP() << reason;
    testbed_ = type.make();
    need(testbed_->up(testing::default_options(type.options), {}));
  }
  void TearDown() override {
    source_->stop();
    sink_->stop();
  }

  BackendConfig config_of(const std::string& driver, const std::string& workload = "drop",
                          std::uint32_t frame_size = 64) const {
    BackendConfig config;
    config.port = testbed_->dut().port();
    config.workload = workload;
    config.traffic.frame_size = frame_size;
    config.trial_tag = kTag;
    config.options = testing::default_options(dpdk_backend().options);
    config.options["driver"] = driver;
    return config;
  }

  Result<void> start_source(TrafficSpec spec, bool stamped = false) {
    TrafficConfig config;
    config.from = testbed_->generator().port();
    config.to = testbed_->dut().port();
    config.traffic = spec;
    config.trial_tag = kTag;
    config.stamped = stamped;
    config.options = testing::default_options(generator("memory").options);
    return source_->start(config);
  }

  std::unique_ptr<Testbed> testbed_;
  std::unique_ptr<Backend> sink_ = dpdk_backend().make();
  std::unique_ptr<TrafficSource> source_ = generator("memory").make();
};

class DpdkMemoryDriver : public DpdkMemory, public ::testing::WithParamInterface<std::string> {
 protected:
  // The driver makes its own frames, of one kind.
  bool self_made() const { return GetParam() == "net_null"; }
};

TEST_P(DpdkMemoryDriver, WhatIsSentIsReceived) {
  for (std::uint32_t size : {64u, 512u, 1518u})
    for (std::uint32_t flows : {1u, 1000u}) {
      if (self_made() && flows > 1) continue;
      SCOPED_TRACE(std::to_string(size) + " B, " + std::to_string(flows) + " flows");
      started(*sink_, config_of(GetParam(), "touch", size));
      need(start_source({size, flows}));
      std::uint64_t expected = 0;
      for (std::uint64_t limit : {1, 64, 31, 5000, 100'000}) {
        send_exactly(*source_, limit);
        expected += limit;
        ASSERT_EQ(need(source_->sample()).packets, expected);
        ASSERT_EQ(drained(*sink_, expected).packets, expected);
      }
      const auto got = need(sink_->sample());
      EXPECT_EQ(got.bytes, expected * (size - 4));
      EXPECT_EQ(need(source_->sample()).bytes, got.bytes);
      EXPECT_EQ(got.per_queue, std::vector<std::uint64_t>{expected});
      EXPECT_EQ(sum(got.drops), 0u) << places(got.drops);
    }
}

TEST_P(DpdkMemoryDriver, Ipv6FramesAreParsedAndAMixIsUnsupported) {
  if (!self_made()) {
    started(*sink_, config_of(GetParam(), "count-per-ip", 84));
    need(start_source({84, 40'000, "", 6}));
    send_exactly(*source_, 40'000);
    const auto got = drained(*sink_, 40'000);
    EXPECT_EQ(got.packets, 40'000u);
    EXPECT_EQ(got.bytes, 40'000u * 80);
    EXPECT_EQ(got.details.at("counted"), 40'000u);
    EXPECT_EQ(got.details.at("addresses"), 3u);
    source_->stop();
    sink_->stop();
  }
  started(*sink_, config_of(GetParam()));
  for (const TrafficSpec& spec : {TrafficSpec{1518, 1, "imix"}, TrafficSpec{1519, 1}}) {
    const auto refused = start_source(spec);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unsupported) << refused.error().message;
  }
}

TEST_P(DpdkMemoryDriver, AFloodIsAccountedForExactly) {
  auto config = config_of(GetParam());
  config.options["descriptors"] = std::int64_t{64};
  started(*sink_, config);
  need(start_source({64, 1}));
  std::uint64_t before = 0;
  for (int i = 0; i < 3; ++i) {
    source_->open(TrafficSource::kNoLimit);
    std::this_thread::sleep_for(milliseconds(100));
    EXPECT_FALSE(source_->finished());
    need(source_->close());
    const auto sent = need(source_->sample()).packets;
    EXPECT_GT(sent, before);
    const auto got = drained(*sink_, sent);
    EXPECT_EQ(got.packets + sum(got.drops), sent) << places(got.drops);
    std::this_thread::sleep_for(milliseconds(5));
    EXPECT_EQ(need(source_->sample()).packets, sent) << "the gate is shut";
    EXPECT_EQ(need(sink_->sample()).packets, got.packets);
    before = sent;
  }
}

TEST_P(DpdkMemoryDriver, TheDriverIsReadBackAndSaysThatItIsVirtual) {
  const auto mode = started(*sink_, config_of(GetParam()));
  EXPECT_EQ(mode.details.at("driver"), GetParam());
  EXPECT_EQ(mode.details.at("device"), "none; virtual");
  EXPECT_NE(mode.details.at("offered_by"), "");
  EXPECT_EQ(mode.details.at("idle"), "spin");
  need(start_source({64, 1}));
  cpu_set_t set;
  ASSERT_EQ(source_->threads().size(), self_made() ? 0u : 1u);
  for (pid_t tid : source_->threads()) {
    ASSERT_EQ(sched_getaffinity(tid, sizeof set, &set), 0);
    EXPECT_EQ(CPU_COUNT(&set), 1);
    EXPECT_TRUE(CPU_ISSET(testbed_->generator().port().cpus.front(), &set));
  }
  ASSERT_EQ(sink_->threads().size(), 2u);
  for (pid_t tid : sink_->threads()) {
    ASSERT_EQ(sched_getaffinity(tid, sizeof set, &set), 0);
    EXPECT_TRUE(CPU_ISSET(testbed_->dut().port().cpus.front(), &set));
  }
}

std::string free_huge_pages() {
  std::ifstream file("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
  std::string pages;
  file >> pages;
  return pages;
}

TEST_P(DpdkMemoryDriver, StartsLeaveNothingBehind) {
  const char* folders[] = {"/proc/self/fd", "/proc/self/task", "/run", "/run/dpdk", "/dev/shm"};
  std::vector<std::ptrdiff_t> before;
  for (const char* folder : folders) before.push_back(entries(folder));
  const std::string huge = free_huge_pages();
  const std::uint64_t n = rounds(20);
  ASSERT_GT(n, 0u);
  for (std::uint64_t i = 0; i < n; ++i) {
    started(*sink_, config_of(GetParam()));
    need(start_source({64, 1}));
    send_exactly(*source_, 100 + i);
    EXPECT_EQ(drained(*sink_, 100 + i).packets, 100 + i);
    EXPECT_EQ(need(source_->sample()).packets, 100 + i);
    const pid_t helper = sink_->threads().front();
    source_->stop();
    sink_->stop();
    EXPECT_EQ(kill(helper, 0), -1) << "the helper is still there";
  }
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(entries(folders[i]), before[i]) << folders[i];
  EXPECT_EQ(free_huge_pages(), huge);
}

TEST_P(DpdkMemoryDriver, AHelperThatDiesIsAnError) {
  started(*sink_, config_of(GetParam()));
  need(start_source({64, 1}));
  ASSERT_EQ(kill(sink_->threads().front(), SIGKILL), 0);
  EXPECT_FALSE(sink_->sample());
  sink_->stop();
  started(*sink_, config_of(GetParam()));
  need(start_source({64, 1}));
  send_exactly(*source_, 10);
  EXPECT_EQ(drained(*sink_, 10).packets, 10u);
}

TEST_P(DpdkMemoryDriver, OnADeviceItIsUnsupportedAndNamesTheTestbed) {
  Port port;
  port.name = "lo";
  port.cpus = {0};
  auto config = config_of(GetParam());
  config.port = port;
  const auto mode = sink_->start(config);
  ASSERT_FALSE(mode);
  EXPECT_EQ(mode.error().code, ErrorCode::unsupported);
  EXPECT_NE(mode.error().message.find("testbed memory"), std::string::npos) << mode.error().message;
}

INSTANTIATE_TEST_SUITE_P(Drivers, DpdkMemoryDriver,
                         ::testing::Values("net_virtio_user", "net_ring", "net_null"),
                         [](const auto& i) { return i.param; });

// What the frames hold, which net_null's do not.
class DpdkMemoryFrames : public DpdkMemory, public ::testing::WithParamInterface<std::string> {};

using Details = std::map<std::string, std::uint64_t>;

TEST_P(DpdkMemoryFrames, EveryFrameIsDecidedOnce) {
  constexpr std::uint64_t kFrames = 40'000;
  const std::map<std::string, Details> expected = {
      {"parse", {{"ok", kFrames}, {"malformed", 0}, {"other", 0}}},
      {"filter", {{"filtered", kFrames}, {"passed", 0}}},
      {"count-per-ip",
       {{"counted", kFrames},
        {"malformed", 0},
        {"other", 0},
        {"table_full", 0},
        {"addresses", 3}}}};
  for (const auto& [workload, details] : expected)
    for (std::uint32_t size : {64u, 1518u}) {
      SCOPED_TRACE(workload + ", " + std::to_string(size) + " B");
      started(*sink_, config_of(GetParam(), workload, size));
      need(start_source({size, 40'000}));
      send_exactly(*source_, kFrames);
      EXPECT_EQ(drained(*sink_, kFrames).packets, kFrames);
      EXPECT_EQ(need(sink_->sample()).details, details);
    }
}

// Counted where they arrive: at the sender's end.
TEST_P(DpdkMemoryFrames, WhatIsReflectedComesBack) {
  constexpr std::uint64_t kFrames = 20'000;
  for (std::uint32_t size : {64u, 512u, 1518u}) {
    SCOPED_TRACE(std::to_string(size) + " B");
    EXPECT_FALSE(testbed_->generator().returned());
    started(*sink_, config_of(GetParam(), "reflect", size));
    const auto takers = need(testbed_->generator().take_returned(kTag, false));
    need(start_source({size, 1000}));
    EXPECT_EQ(takers, source_->threads());
    send_exactly(*source_, kFrames);
    EXPECT_EQ(drained(*sink_, kFrames).packets, kFrames);
    const auto details = need(sink_->sample()).details;
    EXPECT_EQ(details.at("reflected"), kFrames);
    EXPECT_LT(details.at("not_sent"), kFrames);
    const auto deadline = Clock::now() + std::chrono::seconds(10);
    Returned back = need(testbed_->generator().returned());
    while (back.packets + details.at("not_sent") < kFrames && Clock::now() < deadline) {
      std::this_thread::sleep_for(milliseconds(1));
      back = need(testbed_->generator().returned());
    }
    EXPECT_EQ(back.packets + details.at("not_sent"), kFrames);
    EXPECT_EQ(back.strays, 0u);
    EXPECT_EQ(back.accounted(), back.packets);
    // What came before is not counted again.
    need(testbed_->generator().take_returned(kTag, false));
    EXPECT_EQ(need(testbed_->generator().returned()).accounted(), 0u);
    testbed_->generator().release_returned();
  }
}

// Each frame's delay is counted once, and so is how late the sender was with it.
TEST_P(DpdkMemoryFrames, EveryStampedFrameHasItsDelay) {
  constexpr std::uint64_t kFrames = 5000;
  const auto frames_of = [](DelayRecorder* recorder) {
    const std::vector<DelayCounts> all = need(recorder->delays());
    EXPECT_EQ(all.size(), 1u);
    const DelayCounts& one = all.front();
    EXPECT_EQ(one.early + one.beyond + one.duplicated + one.reordered, 0u);
    return std::accumulate(one.buckets.begin(), one.buckets.end(), std::uint64_t{0});
  };
  for (std::uint32_t ip : {4u, 6u})
    for (const std::string workload : {"drop", "reflect"}) {
      SCOPED_TRACE(workload + ", IPv" + std::to_string(ip));
      BackendConfig config = config_of(GetParam(), workload, 84);
      config.traffic.ip = ip;
      config.stamped = true;
      started(*sink_, config);
      if (workload == "reflect") need(testbed_->generator().take_returned(kTag, true));
      need(start_source({84, 100, "", ip}, true));
      for (const std::uint64_t sent : {kFrames, 2 * kFrames}) {
        send_exactly(*source_, kFrames, 200'000);
        EXPECT_EQ(drained(*sink_, sent).packets, sent);
        EXPECT_EQ(frames_of(dynamic_cast<DelayRecorder*>(sink_.get())), sent);
        EXPECT_EQ(frames_of(dynamic_cast<DelayRecorder*>(source_.get())), sent);
      }
      if (workload == "reflect") {
        const std::uint64_t back = 2 * kFrames - need(sink_->sample()).details.at("not_sent");
        EXPECT_TRUE(
            wait_until([&] { return need(testbed_->generator().returned()).packets >= back; }));
        EXPECT_EQ(frames_of(testbed_->generator().returned_delays()), back);
        testbed_->generator().release_returned();
      }
    }
}

TEST_P(DpdkMemoryFrames, APacedSourceSendsWhatIsDue) {
  started(*sink_, config_of(GetParam()));
  need(start_source({64, 10}));
  const auto begin = Clock::now();
  source_->open(TrafficSource::kNoLimit, 100'000);
  std::this_thread::sleep_for(milliseconds(200));
  need(source_->close());
  const auto most = std::chrono::duration<double>(Clock::now() - begin).count() * 100'000 + 1;
  const auto sent = need(source_->sample());
  EXPECT_LE(static_cast<double>(sent.packets + sent.unsent), most);
  EXPECT_GT(sent.packets, 0u);
  EXPECT_EQ(drained(*sink_, sent.packets).packets, sent.packets);
}

INSTANTIATE_TEST_SUITE_P(Drivers, DpdkMemoryFrames,
                         ::testing::Values("net_virtio_user", "net_ring"),
                         [](const auto& i) { return i.param; });

TEST_F(DpdkMemory, WhatNetNullCannotDoIsUnsupported) {
  for (const std::string workload : {"parse", "count-per-ip", "filter", "reflect"}) {
    const auto mode = sink_->start(config_of("net_null", workload));
    ASSERT_FALSE(mode) << workload;
    EXPECT_EQ(mode.error().code, ErrorCode::unsupported);
  }
  started(*sink_, config_of("net_null"));
  const auto two_flows = start_source({64, 2});
  ASSERT_FALSE(two_flows);
  EXPECT_EQ(two_flows.error().code, ErrorCode::unsupported);
  need(start_source({64, 1}));
  source_->open(10, 1000);
  const auto paced = source_->close();
  ASSERT_FALSE(paced);
  EXPECT_EQ(paced.error().code, ErrorCode::unsupported);
}

TEST_F(DpdkMemory, DriversOfDevicesAreUnsupported) {
  for (const std::string driver : {"net_af_xdp", "net_af_packet", "0000:03:00.0"}) {
    const auto mode = sink_->start(config_of(driver));
    ASSERT_FALSE(mode) << driver;
    EXPECT_EQ(mode.error().code, ErrorCode::unsupported);
    EXPECT_NE(mode.error().message.find("memory"), std::string::npos) << mode.error().message;
  }
}

TEST_F(DpdkMemory, ASourceWithoutAReceiverIsAnError) {
  const auto started = start_source({64, 1});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::failed);
}

}  // namespace
}  // namespace pktbench::backends
