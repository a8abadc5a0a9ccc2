// The af_xdp backend behind a veth pair: every frame sent is received or dropped at a named place.
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <numeric>
#include <thread>

#include "backends/backend_types.hpp"
#include "backends/common/workload_state.hpp"
#include "bpf/frame.h"
#include "harness/core/units.hpp"
#include "harness/testing/need_root.hpp"
#include "harness/testing/sending.hpp"
#include "harness/traffic/generators.hpp"

namespace pktbench::backends {
namespace {

using namespace traffic;
using namespace testing;
using std::chrono::milliseconds;

BackendConfig config_on(const Port& port, const Options& changes = {}) {
  return backend_of(port, af_xdp_backend(), changes);
}

Options attach(const std::string& hook) { return {{"attach", hook}}; }

std::unique_ptr<TrafficSource> start_source(const TestVeth& veth, const GeneratorType& type,
                                            TrafficSpec spec) {
  auto source = type.make();
  need(source->start(traffic_of(veth, type, spec)));
  return source;
}

void ip(const Port& in, const std::string& arguments) {
  const std::string ns = std::filesystem::path(in.netns_path).filename();
  const std::string command = "ip -n " + ns + " " + arguments;
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

class AfXdp : public ::testing::Test {
 protected:
  void SetUp() override {
    NEED_ROOT();
    if (const auto reason = af_xdp_backend().probe(); !reason.empty()) GTEST_SKIP() << reason;
  }
  std::unique_ptr<Backend> backend_ = af_xdp_backend().make();
};

class Pairs : public AfXdp,
              public ::testing::WithParamInterface<std::tuple<const char*, const char*>> {
 protected:
  GeneratorType generator() const { return traffic::generator(std::get<0>(GetParam())); }
  std::string hook() const { return std::get<1>(GetParam()); }
};

// In bursts that every ring on the way can hold, so that none may be lost however slow the machine.
TEST_P(Pairs, WhatIsSentIsReceived) {
  const TestVeth veth;
  constexpr std::uint64_t kBurst = 50;
  for (const std::string workload : {"drop", "touch"})
    for (const std::uint32_t size : {64u, 512u, 1518u})
      for (const std::uint32_t flows : {1u, 1000u}) {
        auto config = config_on(veth.dut(), attach(hook()));
        config.workload = workload;
        const auto mode = need(backend_->start(config));
        EXPECT_EQ(mode.effective, "af_xdp/copy/" + hook());
        const auto source = start_source(veth, generator(), {size, flows});
        Counters got;
        for (std::uint64_t sent = kBurst; sent <= 2000; sent += kBurst) {
          send_exactly(*source, kBurst);
          got = drained(*backend_, sent);
        }
        EXPECT_EQ(need(source->sample()).packets, 2000u);
        EXPECT_EQ(got.packets, 2000u) << size << " B, " << flows << " flows, " << workload;
        EXPECT_EQ(got.bytes, 2000u * buffer_length(size));
        EXPECT_EQ(got.per_queue, std::vector<std::uint64_t>{2000});
        EXPECT_EQ(got.foreign, 0u);
        EXPECT_EQ(sum(got.drops), 0u);
        source->stop();
        backend_->stop();
      }
}

// The stack would answer to frames for a port where nobody listens, and those would be counted.
sys::Fd listen_at(const Port& port) {
  const auto inside = need(sys::NetnsScope::enter(port.netns_path));
  sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(PB_FLOW_PORT_BASE);
  EXPECT_EQ(bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return socket;
}

TEST_P(Pairs, EveryWorkloadCountsWhatItMadeOfTheFrames) {
  const TestVeth veth;
  const sys::Fd listener = listen_at(veth.generator());
  using Details = std::map<std::string, std::uint64_t>;
  const std::map<std::string, Details> expected = {
      {"drop", {}},
      {"touch", {}},
      {"parse", {{"ok", 500}, {"malformed", 0}, {"other", 0}}},
      {"count-per-ip",
       {{"counted", 500}, {"malformed", 0}, {"other", 0}, {"table_full", 0}, {"addresses", 1}}},
      {"filter", {{"filtered", 300}, {"passed", 200}}},
      {"reflect", {{"reflected", 500}, {"malformed", 0}, {"other", 0}}}};
  for (const std::string& workload : af_xdp_backend().workloads) {
    if (workload_of(workload).forwards) continue;  // to a second port: harness/system has one
    auto config = config_on(veth.dut(), attach(hook()));
    config.workload = workload;
    need(backend_->start(config));
    const auto source = start_source(veth, generator(), {64, 1});
    const auto back = veth.generator_link().rx_packets;
    auto& control = dynamic_cast<FilterControl&>(*backend_);
    for (std::uint64_t sent = 50; sent <= 500; sent += 50) {
      EXPECT_EQ(control.set_filtered(PB_UDP_PORT, sent <= 300).ok(), workload == "filter");
      send_exactly(*source, 50);
      drained(*backend_, sent);
    }
    const auto got = need(backend_->sample());
    EXPECT_EQ(got.packets, 500u);
    EXPECT_EQ(sum(got.drops), 0u);
    EXPECT_EQ(got.details, expected.at(workload)) << workload;
    const std::uint64_t reflected = workload == "reflect" ? 500 : 0;
    EXPECT_EQ(came_back(veth, back, reflected), reflected) << workload;
    source->stop();
    backend_->stop();
  }
}

// Floods a receiver and checks that nothing is missing and nothing counted twice.
DropCounts flood(Backend& backend, const TestVeth& veth, const GeneratorType& type,
                 const Options& options) {
  need(backend.start(config_on(veth.dut(), options)));
  const auto source = start_source(veth, type, {64, 5});
  const auto before = device_drops(veth);
  source->open();
  for (int i = 0; i < 6; ++i) {
    std::this_thread::sleep_for(milliseconds(50));
    need(backend.sample());  // in the middle of it: what is on its way is not a drop
  }
  need(source->close());
  const auto sent = need(source->sample()).packets;
  const auto dropped_by_device = [&] { return device_drops(veth).ring_full - before.ring_full; };
  auto got = drained(backend, sent - dropped_by_device());
  EXPECT_EQ(got.packets + sum(got.drops) + dropped_by_device(), sent);
  EXPECT_EQ(got.drops.at("af_xdp_redirect_failed"), 0u);
  EXPECT_EQ(got.drops.at("af_xdp_no_socket"), 0u);
  // veth counts a failed redirect as its own drop too, and the generic hook nowhere.
  const bool generic = std::get<std::string>(options.at("attach")) == "generic";
  EXPECT_EQ(device_drops(veth).receiving - before.receiving, generic ? 0 : sum(got.drops));
  backend.stop();
  return got.drops;
}

TEST_P(Pairs, OverloadIsAccountedForExactly) {
  for (const bool threaded : {false, true}) {
    const TestVeth veth;
    if (threaded) veth.thread_napi();
    for (const std::string wakeup : {"poll", "need-wakeup", "busy-poll"}) {
      SCOPED_TRACE(wakeup + (threaded ? ", threaded" : ""));
      flood(*backend_, veth, generator(), {{"attach", hook()}, {"wakeup", wakeup}});
    }
  }
}

std::string pair_name(const ::testing::TestParamInfo<Pairs::ParamType>& info) {
  return std::string(std::get<0>(info.param) == std::string("xdp-live") ? "Live" : "Packet") +
         (std::get<1>(info.param) == std::string("native") ? "Native" : "Generic");
}
INSTANTIATE_TEST_SUITE_P(All, Pairs,
                         ::testing::Combine(::testing::Values("packet-sendmmsg", "xdp-live"),
                                            ::testing::Values("native", "generic")),
                         pair_name);

// NAPI hands over a batch of frames at once, which neither of these has room for.
TEST_F(AfXdp, AFullRxRingAndAnEmptyFillRingAreTwoPlaces) {
  const TestVeth veth;
  auto drops = flood(*backend_, veth, generator("xdp-live"),
                     {{"attach", "native"}, {"ring_size", std::int64_t{2}}});
  EXPECT_GT(drops.at("af_xdp_rx_ring_full"), 0u);
  EXPECT_EQ(drops.at("af_xdp_rx_ring_full"), sum(drops));
  drops = flood(*backend_, veth, generator("xdp-live"),
                {{"attach", "native"}, {"umem_frames", std::int64_t{2}}});
  EXPECT_GT(drops.at("af_xdp_fill_ring_empty"), 0u);
  EXPECT_EQ(drops.at("af_xdp_fill_ring_empty"), sum(drops));
}

void send_raw(const Port& port, std::size_t bytes, int times) {
  const auto inside = need(sys::NetnsScope::enter(port.netns_path));
  const sys::Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(port.ifindex);
  const std::vector<std::uint8_t> frame(bytes, 0xff);
  for (int i = 0; i < times; ++i)
    ASSERT_EQ(sendto(socket.get(), frame.data(), bytes, 0, reinterpret_cast<const sockaddr*>(&to),
                     sizeof to),
              static_cast<ssize_t>(bytes));
}

TEST_F(AfXdp, AFrameLongerThanTheUmemsIsAPlaceOfItsOwn) {
  const TestVeth veth;
  ip(veth.dut(), "link set " + veth.dut().name + " mtu 3000");
  ip(veth.generator(), "link set " + veth.generator().name + " mtu 3000");
  for (const std::string hook : {"native", "generic"}) {
    need(backend_->start(config_on(veth.dut(), attach(hook))));
    send_raw(veth.generator(), 1792, 5);
    send_raw(veth.generator(), 1793, 7);
    auto got = drained(*backend_, 12);
    EXPECT_EQ(got.packets, 5u) << hook;
    EXPECT_EQ(got.drops.at("af_xdp_frame_too_long"), 7u) << hook;
    EXPECT_EQ(sum(got.drops), 7u) << hook;
    auto config = config_on(veth.dut(), attach(hook));
    config.options["frame_bytes"] = std::int64_t{4096};
    need(backend_->start(config));
    send_raw(veth.generator(), 1793, 7);
    EXPECT_EQ(drained(*backend_, 7).packets, 7u) << hook;
  }
}

// The pair of TestVeth has one queue; this one, beside it, has two.
TEST_F(AfXdp, EveryQueueHasItsSocketAndOneWithoutIsNamed) {
  const TestVeth veth;
  Port from = veth.generator();
  Port to = veth.dut();
  from.name += "b";
  to.name += "b";
  {
    const sys::Fd peer(open(to.netns_path.c_str(), O_RDONLY | O_CLOEXEC));
    const auto inside = need(sys::NetnsScope::enter(from.netns_path));
    need(sys::create_veth_pair(from.name, to.name, peer.get(), 2));
    from.ifindex = need(sys::get_link(from.name)).ifindex;
  }
  {
    const auto inside = need(sys::NetnsScope::enter(to.netns_path));
    to.ifindex = need(sys::get_link(to.name)).ifindex;
    to.mac = need(sys::get_link(to.name)).mac;
    need(sys::set_link_up(to.ifindex));
  }
  {
    const auto inside = need(sys::NetnsScope::enter(from.netns_path));
    need(sys::set_link_up(from.ifindex));
  }
  to.cpus = sys::allowed_cpus();
  for (const unsigned queues : {2u, 1u}) {
    to.queues = queues;
    need(backend_->start(config_on(to)));
    EXPECT_EQ(backend_->threads().size(), queues);
    const auto type = generator("packet-sendmmsg");
    const auto source = type.make();
    need(source->start({from, to, {64, 1000}, kTag, testing::default_options(type.options)}));
    send_exactly(*source, 2000, 20'000);
    const auto got = drained(*backend_, 2000);
    ASSERT_EQ(got.per_queue.size(), queues);
    EXPECT_GT(got.per_queue[0], 0u);
    if (queues == 2) {
      EXPECT_GT(got.per_queue[1], 0u);
      EXPECT_EQ(got.packets, 2000u);
    } else {
      EXPECT_GT(got.drops.at("af_xdp_no_socket"), 0u);
      EXPECT_EQ(got.packets + got.drops.at("af_xdp_no_socket"), 2000u);
    }
    EXPECT_EQ(got.packets + sum(got.drops), 2000u);
    EXPECT_EQ(std::accumulate(got.per_queue.begin(), got.per_queue.end(), std::uint64_t{0}),
              got.packets);
  }
}

TEST_F(AfXdp, APumpTakesThePlaceOfBlocking) {
  const TestVeth veth;
  const sys::Fd helper(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  Port port = veth.dut();
  port.pump_fd = helper.get();
  EXPECT_EQ(need(backend_->start(config_on(port))).details.at("wakeup"), "pump");
  const auto source = start_source(veth, generator("packet-sendmmsg"), {64, 1});
  send_exactly(*source, 500, 20'000);
  EXPECT_EQ(drained(*backend_, 500).packets, 500u);
  backend_->stop();  // before the pump's socket goes
}

TEST_F(AfXdp, HugePagesAreUsedOrMissedWithAReason) {
  const TestVeth veth;
  const auto mode = backend_->start(config_on(veth.dut(), {{"huge_pages", true}}));
  if (!mode) {
    EXPECT_EQ(mode.error().code, ErrorCode::unsupported);
    EXPECT_NE(mode.error().message.find("huge pages"), std::string::npos);
    EXPECT_EQ(veth.dut_link().xdp_program_id, 0u);
    return;
  }
  EXPECT_EQ(mode->details.at("huge_pages"), "yes");
  const auto source = start_source(veth, generator("packet-sendmmsg"), {64, 1});
  send_exactly(*source, 500, 20'000);
  EXPECT_EQ(drained(*backend_, 500).packets, 500u);
}

TEST_F(AfXdp, StopEndsAFloodedReceiver) {
  const TestVeth veth;
  const auto source = start_source(veth, generator("packet-sendmmsg"), {64, 1});
  for (const std::string wakeup : {"poll", "need-wakeup", "busy-poll"}) {
    need(backend_->start(config_on(veth.dut(), {{"wakeup", wakeup}})));
    source->open();
    std::this_thread::sleep_for(milliseconds(20));
    backend_->stop();
    EXPECT_TRUE(backend_->threads().empty());
    EXPECT_FALSE(backend_->sample());
    backend_->stop();
    need(source->close());
  }
}

}  // namespace
}  // namespace pktbench::backends
