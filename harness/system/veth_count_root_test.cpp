// Real frames through every generator and backend on the veth testbed: send N, assert N.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "harness/core/frame_mix.hpp"
#include "harness/core/units.hpp"
#include "harness/measure/driver_counters.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/system/veth_fixture.hpp"

namespace pktbench::cli {
namespace {

// Every backend of this build, but for those that receive nothing by themselves on a pair of
// devices, or only forward: kprobe-count's default is not to be had on every kernel.
std::vector<std::string> backends_on_veth() {
  static const std::set<std::string> others = {"external", "kernel-forward", "kprobe-count",
                                               "xdp-offload"};
  std::vector<std::string> names;
  for (const BackendType& type : registry().backends)
    if (type.media.contains(Medium::network) && !others.contains(type.name))
      names.push_back(type.name);
  return names;
}

using Details = std::map<std::string, std::uint64_t>;

class VethCount : public VethFixture {
 protected:
  void TearDown() override {
    VethFixture::TearDown();
    // The others were counted, but a path that was not must not look as if it had been.
    if (!not_counted_.empty()) GTEST_SKIP() << "not counted: " << not_counted_;
  }

  // Sends `frames` in bursts that every buffer on the way can hold, so that none may be lost
  // however slow the machine is, and checks the counts.
  void send_and_count(const std::string& generator, const std::string& backend,
                      const TrafficSpec& traffic, std::uint64_t frames,
                      const std::string& workload = "drop", const Details& details = {}) {
    SCOPED_TRACE(generator + " to " + backend + ", " + size_text(traffic) + ", " +
                 std::to_string(traffic.flows) + " flows, IPv" + std::to_string(traffic.ip));
    const BackendType& backend_type = *find_by_name(registry().backends, backend);
    const GeneratorType& generator_type = *find_by_name(registry().generators, generator);
    if (auto reason = backend_type.probe(); !reason.empty()) {
      not_counted_ += backend + ": " + reason + "; ";
      return;
    }
    auto receiver = backend_type.make();
    auto source = generator_type.make();
    constexpr std::uint32_t kTag = 0xfeed;
    const auto fit = testbed_->use_frames(traffic);
    ASSERT_TRUE(fit) << fit.error().message;
    auto mode = receiver->start({testbed_->dut().port(), workload, traffic, kTag,
                                 testing::default_options(backend_type.options)});
    ASSERT_TRUE(mode) << mode.error().message << "\n" << mode.error().detail;
    EXPECT_TRUE(mode->effective.starts_with(backend)) << mode->effective;
    ASSERT_TRUE(testbed_->dut().settle(!receiver->threads().empty()));
    auto started = source->start({testbed_->generator().port(), testbed_->dut().port(), traffic,
                                  kTag, testing::default_options(generator_type.options)});
    ASSERT_TRUE(started) << started.error().message << "\n" << started.error().detail;

    auto drops_before = dropped_at_ends(*testbed_);
    ASSERT_TRUE(drops_before);
    const auto devices_before = read_devices();
    // A socket's buffer holds few jumbo frames.
    const std::uint64_t burst = traffic.frame_size > kMaxStandardFrameSize ? 5 : 50;
    for (std::uint64_t sent = 0; sent < frames; sent += burst) {
      source->open(std::min(burst, frames - sent));
      while (!source->finished()) std::this_thread::sleep_for(std::chrono::microseconds(100));
      ASSERT_TRUE(source->close());
      ASSERT_TRUE(wait_for(*receiver, std::min(sent + burst, frames))) << dropped(*receiver);
    }
    auto sent = source->sample();
    auto received = receiver->sample();
    auto drops_after = dropped_at_ends(*testbed_);
    ASSERT_TRUE(sent && received && drops_after);
    EXPECT_EQ(sent->packets, frames);
    EXPECT_EQ(sent->bytes, bytes_of(traffic, frames));
    EXPECT_EQ(received->packets, frames);
    EXPECT_EQ(received->bytes, bytes_of(traffic, frames));
    for (const auto& [what, n] : details) EXPECT_EQ(received->details[what], n) << what;
    EXPECT_EQ(received->foreign, 0u);
    for (const auto& [place, n] : received->drops) EXPECT_EQ(n, 0u) << place;
    EXPECT_EQ(*drops_after, *drops_before);
    devices_agree(devices_before, read_devices(), backend, frames);
    source->stop();
    receiver->stop();
  }

  // REQUIRES: of a mix, whole rounds of its sequence.
  static std::uint64_t bytes_of(const TrafficSpec& traffic, std::uint64_t frames) {
    const auto sizes = sizes_of(traffic);
    EXPECT_EQ(frames % sizes.size(), 0u);
    std::uint64_t bytes = 0;
    for (const std::uint32_t size : sizes) bytes += buffer_length(size);
    return frames / sizes.size() * bytes;
  }

  struct Devices {
    measure::DeviceStatistics generator;
    measure::DeviceStatistics dut;
  };
  Devices read_devices() const {
    const auto read = [](const Port& port) {
      auto inside = sys::NetnsScope::enter(port.netns_path);
      EXPECT_TRUE(inside);
      auto statistics = measure::read_device_statistics(port.name);
      EXPECT_TRUE(statistics) << statistics.error().message;
      return std::move(*statistics);
    };
    return {read(testbed_->generator().port()), read(testbed_->dut().port())};
  }

  // The devices' own counters say the same as generator and backend do.
  static void devices_agree(const Devices& before, const Devices& after, const std::string& backend,
                            std::uint64_t frames) {
    EXPECT_EQ(after.generator.link.at("tx_packets") - before.generator.link.at("tx_packets"),
              frames);
    EXPECT_EQ(after.dut.link.at("rx_packets") - before.dut.link.at("rx_packets"), frames);
    const auto lost = measure::reconcile("veth", measure::PortEnd::receiver, before.dut, after.dut);
    EXPECT_EQ(lost.drops, (DropCounts{{"veth_rx", 0}}));
    const auto refused =
        measure::reconcile("veth", measure::PortEnd::sender, before.generator, after.generator);
    EXPECT_EQ(refused.drops, (DropCounts{{"veth_ring_full", 0}}));
    // What the program in the driver did with them, by the driver's count.
    const std::map<std::string, std::string> verdicts = {
        {"xdp-native", "xdp_drops"}, {"af_xdp", "xdp_redirect"}, {"dpdk", "xdp_redirect"}};
    if (const auto verdict = verdicts.find(backend); verdict != verdicts.end()) {
      const std::string counter = "rx_queue_0_" + verdict->second;
      EXPECT_EQ(after.dut.driver.at(counter) - before.dut.driver.at(counter), frames) << counter;
    }
  }

  static ::testing::AssertionResult wait_for(Backend& receiver, std::uint64_t packets) {
    Result<Counters> now = Counters{};
    // A busy host may leave a NAPI thread waiting for seconds.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < deadline) {
      now = receiver.sample();
      if (!now) return ::testing::AssertionFailure() << now.error().message;
      if (now->packets >= packets) return ::testing::AssertionSuccess();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return ::testing::AssertionFailure() << now->packets << " of " << packets << " arrived";
  }

  // Where the missing ones went, for the message.
  std::string dropped(Backend& receiver) {
    std::string text;
    auto wire = dropped_at_ends(*testbed_);
    auto received = receiver.sample();
    if (!wire || !received) return "counters cannot be read";
    wire->merge(received->drops);
    for (const auto& [place, n] : *wire) text += place + " " + std::to_string(n) + ", ";
    return text + "foreign " + std::to_string(received->foreign);
  }

  std::string not_counted_;
};

TEST_F(VethCount, EveryGeneratorReachesEveryBackend) {
  bring_up("isolated");
  for (const char* generator : {"xdp-live", "packet-sendmmsg", "udp-sendmmsg"})
    for (const std::string& backend : backends_on_veth())
      send_and_count(generator, backend, {64, 1}, 1000);
}

TEST_F(VethCount, FrameSizesAndFlowsAreCountedExactly) {
  bring_up("isolated");
  for (const char* backend :
       {"udp-recvmmsg", "packet-mmap", "tc-drop", "xdp-native", "af_xdp", "dpdk"})
    for (std::uint32_t size : {64u, 512u, 1518u})
      for (std::uint32_t flows : {1u, 1000u})
        send_and_count("xdp-live", backend, {size, flows}, 2000);
}

TEST_F(VethCount, TheInlineArrangementCountsTheSame) {
  bring_up("inline");
  for (const std::string& backend : backends_on_veth())
    send_and_count("xdp-live", backend, {64, 1}, 1000);
}

TEST_F(VethCount, ThePumpArrangementCountsTheSame) {
  bring_up("pump");
  for (const std::string& backend : backends_on_veth())
    send_and_count("xdp-live", backend, {64, 1}, 1000);
}

// Every size of a mix, whichever flow it is of, in every backend's count of bytes.
TEST_F(VethCount, AMixOfSizesIsCountedToTheByte) {
  bring_up("isolated");
  for (const char* generator : {"xdp-live", "packet-sendmmsg", "udp-sendmmsg"})
    for (const std::string& backend : backends_on_veth())
      send_and_count(generator, backend, {1518, 8, "imix"}, 1200);
  send_and_count("packet-sendmmsg", "xdp-native", {512, 1, "aaaaaaaddddb"}, 1200);
}

// No frame of the kernel's own (neighbour discovery, multicast reports) is among them.
TEST_F(VethCount, Ipv6IsCountedExactly) {
  bring_up("isolated");
  for (const char* generator : {"xdp-live", "packet-sendmmsg", "udp-sendmmsg"})
    for (const std::string& backend : backends_on_veth())
      send_and_count(generator, backend, {84, 100, "", 6}, 1000);
  for (const char* backend : {"xdp-native", "udp-recvmmsg"})
    send_and_count("packet-sendmmsg", backend, {1518, 8, "bbbbbbbddddg", 6}, 1200);
  // And back: nothing is left of it.
  send_and_count("packet-sendmmsg", "packet-mmap", {64, 1}, 1000);
}

// 40,000 flows have 16,384 ports each, and so three addresses.
TEST_F(VethCount, WorkloadsReadIpv6) {
  bring_up("isolated");
  const TrafficSpec traffic{84, 40'000, "", 6};
  for (const char* backend : {"xdp-native", "packet-mmap", "af_xdp", "dpdk"}) {
    send_and_count("xdp-live", backend, traffic, 40'000, "count-per-ip",
                   {{"counted", 40'000}, {"addresses", 3}});
    send_and_count("xdp-live", backend, {84, 10, "", 6}, 1000, "parse", {{"ok", 1000}});
    send_and_count("xdp-live", backend, {84, 10, "", 6}, 1000, "filter", {{"filtered", 1000}});
  }
  for (const char* backend : {"udp-recvfrom", "udp-recvmmsg"})
    send_and_count("xdp-live", backend, traffic, 40'000, "count-per-ip",
                   {{"counted", 40'000}, {"addresses", 3}});
}

TEST_F(VethCount, JumboFramesAreCountedExactly) {
  bring_up("isolated");
  for (const char* generator : {"packet-sendmmsg", "udp-sendmmsg"})
    for (const char* backend : {"udp-recvfrom", "udp-recvmmsg", "udp-uring", "packet-mmap",
                                "xdp-native", "xdp-generic", "tc-drop", "nft-drop"})
      send_and_count(generator, backend, {9018, 10}, 200);
  send_and_count("packet-sendmmsg", "udp-recvmmsg", {9018, 10, "", 6}, 200);
  send_and_count("xdp-live", "xdp-native", {2500, 10}, 200);
  // And back: the MTU is the usual one again.
  send_and_count("packet-sendmmsg", "af_xdp", {1518, 1}, 1000);
  const auto link = sys::get_link(testbed_->dut().port());
  ASSERT_TRUE(link);
  EXPECT_EQ(link->mtu, 1500u);
}

// Whoever cannot have them says why.
TEST_F(VethCount, JumboFramesAreUnsupportedByName) {
  bring_up("isolated");
  const TrafficSpec jumbo{9018, 1};
  ASSERT_TRUE(testbed_->use_frames(jumbo));
  const auto error_of = [&](const char* backend, const std::string& workload) {
    const BackendType& type = *find_by_name(registry().backends, backend);
    if (!type.probe().empty()) return Error{};
    auto mode = type.make()->start(
        {testbed_->dut().port(), workload, jumbo, 1, testing::default_options(type.options)});
    EXPECT_FALSE(mode);
    return mode ? Error{} : mode.error();
  };
  for (const auto& [backend, workload, word] :
       {std::tuple("af_xdp", "drop", "one buffer of 2048 bytes"),
        std::tuple("dpdk", "drop", "scattered receive"),
        std::tuple("xdp-native", "parse", "several buffers")}) {
    const Error error = error_of(backend, workload);
    if (error.message.empty()) continue;  // not in this build
    EXPECT_EQ(error.code, ErrorCode::unsupported) << backend;
    EXPECT_NE(error.message.find(word), std::string::npos) << error.message;
  }
  const GeneratorType& live = *find_by_name(registry().generators, "xdp-live");
  auto started = live.make()->start({testbed_->generator().port(), testbed_->dut().port(), jumbo, 1,
                                     testing::default_options(live.options)});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::unsupported);
  EXPECT_NE(started.error().message.find("use packet-sendmmsg"), std::string::npos);
}

TEST_F(VethCount, SixtyFiveThousandFlowsAllArrive) {
  bring_up("isolated");
  send_and_count("xdp-live", "xdp-native", {64, 65536}, 65536);
}

TEST_F(VethCount, AForeignXdpProgramIsNotReplaced) {
  bring_up("isolated");
  const BackendType& type = *find_by_name(registry().backends, "xdp-native");
  auto first = type.make();
  ASSERT_TRUE(first->start(
      {testbed_->dut().port(), "drop", {}, 1, testing::default_options(type.options)}));
  auto second = type.make();
  auto refused = second->start(
      {testbed_->dut().port(), "drop", {}, 1, testing::default_options(type.options)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::refused);
}

TEST_F(VethCount, AttachingFiftyTimesLeavesNothingAttached) {
  bring_up("isolated");
  for (int i = 0; i < 50; ++i) {
    const BackendType& type =
        *find_by_name(registry().backends, i % 2 ? "xdp-native" : "xdp-generic");
    auto backend = type.make();
    auto mode = backend->start(
        {testbed_->dut().port(), "drop", {}, 1, testing::default_options(type.options)});
    ASSERT_TRUE(mode) << mode.error().message;
    EXPECT_EQ(mode->effective, type.name);
    backend->stop();
    auto inside = sys::NetnsScope::enter(testbed_->dut().port().netns_path);
    ASSERT_TRUE(inside);
    EXPECT_EQ(sys::get_link(testbed_->dut().port().name)->xdp_program_id, 0u);
  }
}

TEST_F(VethCount, ATakenNameIsLeftAloneAndTheNextIsUsed) {
  const std::string taken = "pktbench0-dut";
  ASSERT_TRUE(sys::create_netns(taken));
  bring_up("isolated");
  EXPECT_EQ(testbed_->dut().port().netns_path, sys::netns_path("pktbench1-dut"));
  EXPECT_TRUE(testbed_->down());
  EXPECT_TRUE(sys::netns_exists(taken));
  EXPECT_FALSE(sys::netns_exists("pktbench1-dut"));
  EXPECT_FALSE(sys::netns_exists("pktbench1-gen"));
  EXPECT_TRUE(sys::delete_netns(taken));
}

TEST_F(VethCount, NapiThreadsRunOnTheDutsCpu) {
  bring_up("isolated", 2);
  auto threads = testbed_->dut().settle(false);
  ASSERT_TRUE(threads) << threads.error().message;
  ASSERT_EQ(threads->size(), 2u);
  for (pid_t thread : *threads) {
    cpu_set_t set;
    ASSERT_EQ(sched_getaffinity(thread, sizeof set, &set), 0);
    EXPECT_EQ(CPU_COUNT(&set), 1);
    EXPECT_TRUE(CPU_ISSET(testbed_->dut().port().cpus.front(), &set));
  }
}

TEST_F(VethCount, ACpuThatDoesNotExistIsAnInputError) {
  const TestbedType& type = *find_by_name(registry().testbeds, "veth");
  Options options = testing::default_options(type.options);
  options["dut_cpu"] = std::string("1023");
  auto testbed = type.make();
  auto up = testbed->up(options, {});
  ASSERT_FALSE(up);
  EXPECT_EQ(up.error().code, ErrorCode::invalid_input);
  EXPECT_FALSE(sys::netns_exists("pktbench0-dut"));
}

}  // namespace
}  // namespace pktbench::cli
