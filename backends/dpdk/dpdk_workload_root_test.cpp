// What the dpdk backend does with the frames: counted exactly, and those sent back counted where
// they arrive.
#include "backends/common/workload_state.hpp"
#include "backends/dpdk/dpdk_test_util.hpp"

namespace pktbench::backends {
namespace {

class DpdkWorkload : public DpdkRoot, public ::testing::WithParamInterface<std::string> {};

std::unique_ptr<TrafficSource> source_on(const TestVeth& veth, TrafficSpec spec) {
  const auto type = generator("packet-sendmmsg");
  auto source = type.make();
  auto config = traffic_of(veth, type, spec);
  // Nobody's: net_af_packet shares the device with the DUT's stack, which must not answer.
  config.to.mac = {2, 0, 0, 0, 0, 2};
  need(source->start(config));
  return source;
}

// In bursts that every ring on the way holds.
Counters count_all(TrafficSource& source, Backend& sink, std::uint64_t frames) {
  constexpr std::uint64_t kBurst = 50;
  Counters got = need(sink.sample());
  for (std::uint64_t left = frames; left > 0; left -= kBurst) {
    send_exactly(source, kBurst);
    got = drained(sink, got.packets + sum(got.drops) + kBurst);
  }
  return got;
}

using Details = std::map<std::string, std::uint64_t>;

Details expected_of(const std::string& workload, std::uint64_t frames, std::uint64_t addresses) {
  if (workload == "parse") return {{"ok", frames}, {"malformed", 0}, {"other", 0}};
  if (workload == "count-per-ip")
    return {{"counted", frames},
            {"malformed", 0},
            {"other", 0},
            {"table_full", 0},
            {"addresses", addresses}};
  if (workload == "filter") return {{"filtered", frames}, {"passed", 0}};
  return {};
}

TEST_P(DpdkWorkload, EveryFrameIsDecidedOnce) {
  const TestVeth veth;
  const auto sink = dpdk_backend().make();
  for (const std::string workload : {"drop", "touch", "parse", "count-per-ip", "filter"})
    for (std::uint32_t size : {64u, 512u, 1518u})
      for (std::uint32_t flows : {1u, 1000u}) {
        if (size == 512 && workload != "parse") continue;
        SCOPED_TRACE(workload + ", " + std::to_string(size) + " B, " + std::to_string(flows));
        started(*sink, backend_of(veth, GetParam(), workload));
        const auto source = source_on(veth, {size, flows});
        const auto got = count_all(*source, *sink, 1000);
        EXPECT_EQ(got.packets, 1000u) << places(got.drops);
        EXPECT_EQ(got.bytes, 1000u * (size - 4));
        EXPECT_EQ(got.details, expected_of(workload, 1000, 1));
        EXPECT_EQ(sum(got.drops), 0u) << places(got.drops);
      }
}

// Flows differ by address too from the 16,385th on.
TEST_P(DpdkWorkload, AddressesAreToldApart) {
  const TestVeth veth;
  const auto sink = dpdk_backend().make();
  started(*sink, backend_of(veth, GetParam(), "count-per-ip"));
  const auto source = source_on(veth, {64, 65536});
  const auto got = count_all(*source, *sink, 16400);
  EXPECT_EQ(got.packets, 16400u) << places(got.drops);
  EXPECT_EQ(got.details, expected_of("count-per-ip", 16400, 2));
}

// Neighbours in a word of the set, the same bit in other words, both ends of it.
TEST_P(DpdkWorkload, TheFilterTakesOutTheGivenPortsAndNoOthers) {
  const TestVeth veth;
  const auto sink = dpdk_backend().make();
  const auto source = source_on(veth, {64, 1});
  const std::vector<std::uint16_t> others = {0, PB_UDP_PORT - 1, PB_UDP_PORT + 1, PB_UDP_PORT + 64,
                                             65535};
  auto config = backend_of(veth, GetParam(), "filter");
  for (bool in : {false, true}) {
    config.filter_ports = others;
    if (in) config.filter_ports.push_back(PB_UDP_PORT);
    started(*sink, config);
    EXPECT_EQ(count_all(*source, *sink, 300).details,
              (Details{{"filtered", in ? 300u : 0u}, {"passed", in ? 0u : 300u}}));
  }
}

TEST_P(DpdkWorkload, TheFilterCanBeChangedWhileItRuns) {
  const TestVeth veth;
  const auto sink = dpdk_backend().make();
  auto* filter = dynamic_cast<FilterControl*>(sink.get());
  ASSERT_NE(filter, nullptr);
  EXPECT_FALSE(filter->set_filtered(PB_UDP_PORT, false)) << "nothing runs";
  started(*sink, backend_of(veth, GetParam(), "filter"));
  const auto source = source_on(veth, {64, 1});
  EXPECT_EQ(count_all(*source, *sink, 200).details, (Details{{"filtered", 200}, {"passed", 0}}));
  need(filter->set_filtered(PB_UDP_PORT, false));
  EXPECT_EQ(count_all(*source, *sink, 100).details, (Details{{"filtered", 200}, {"passed", 100}}));
  need(filter->set_filtered(PB_UDP_PORT, true));
  EXPECT_EQ(count_all(*source, *sink, 50).details, (Details{{"filtered", 250}, {"passed", 100}}));
  started(*sink, backend_of(veth, GetParam(), "drop"));
  EXPECT_FALSE(filter->set_filtered(PB_UDP_PORT, false));
}

TEST_P(DpdkWorkload, WhatIsReflectedArrivesAtTheOtherEnd) {
  const TestVeth veth;
  veth.deafen_generator();
  const auto sink = dpdk_backend().make();
  for (std::uint32_t size : {64u, 512u, 1518u})
    for (std::uint32_t flows : {1u, 1000u}) {
      SCOPED_TRACE(std::to_string(size) + " B, " + std::to_string(flows) + " flows");
      started(*sink, backend_of(veth, GetParam(), "reflect"));
      const auto source = source_on(veth, {size, flows});
      const auto before = veth.generator_link();
      const auto got = count_all(*source, *sink, 10'000);
      EXPECT_EQ(got.packets, 10'000u) << places(got.drops);
      EXPECT_EQ(got.details,
                (Details{{"reflected", 10'000}, {"malformed", 0}, {"other", 0}, {"not_sent", 0}}));
      const auto deadline = Clock::now() + std::chrono::seconds(10);
      while (veth.generator_link().rx_packets < before.rx_packets + 10'000 &&
             Clock::now() < deadline)
        std::this_thread::sleep_for(milliseconds(1));
      EXPECT_EQ(veth.generator_link().rx_packets, before.rx_packets + 10'000);
    }
}

// What the driver could not send is freed and counted.
TEST_P(DpdkWorkload, AFloodIsReflectedOrNamed) {
  const TestVeth veth;
  veth.deafen_generator();
  veth.thread_napi();
  const auto sink = dpdk_backend().make();
  auto config = backend_of(veth, GetParam(), "reflect");
  config.options["descriptors"] = std::int64_t{64};
  started(*sink, config);
  const auto source = source_on(veth, {64, 5});
  const auto before = device_drops(veth);
  const auto link_before = veth.generator_link();
  const auto dut_before = veth.dut_link();
  source->open();
  std::this_thread::sleep_for(milliseconds(400));
  need(source->close());
  const auto sent = need(source->sample()).packets;
  const auto ring_full = [&] { return device_drops(veth).ring_full - before.ring_full; };
  const auto got = drained(*sink, sent - ring_full());
  EXPECT_EQ(got.packets + sum(got.drops) + ring_full(), sent) << places(got.drops);
  EXPECT_EQ(got.details.at("reflected"), got.packets);
  // What found the other end's ring full, the DUT's device has counted.
  const auto gone = [&] {
    return veth.generator_link().rx_packets - link_before.rx_packets + veth.dut_link().tx_dropped -
           dut_before.tx_dropped;
  };
  const std::uint64_t back = got.packets - got.details.at("not_sent");
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (gone() < back && Clock::now() < deadline) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(gone(), back);
  // No buffer was lost on the way: the loop still receives, and sends back, all that comes.
  const auto after = count_all(*source, *sink, 5000);
  EXPECT_EQ(after.packets, got.packets + 5000);
  EXPECT_EQ(after.details.at("not_sent"), got.details.at("not_sent"));
}

TEST_P(DpdkWorkload, PassIsUnsupported) {
  const TestVeth veth;
  const auto mode = dpdk_backend().make()->start(backend_of(veth, GetParam(), "pass"));
  ASSERT_FALSE(mode);
  EXPECT_EQ(mode.error().code, ErrorCode::unsupported);
  EXPECT_NE(dpdk_backend().cannot.at("pass"), "");
}

// Each idle strategy receives everything, also what comes after it has slept.
TEST_P(DpdkWorkload, EveryIdleStrategyReceives) {
  const TestVeth veth;
  veth.thread_napi();
  for (const std::string idle : {"auto", "poll", "yield", "spin"}) {
    const auto sink = dpdk_backend().make();
    auto config = backend_of(veth, GetParam());
    config.options["idle"] = idle;
    EXPECT_EQ(started(*sink, config).details.at("idle"), idle == "auto" ? "poll" : idle);
    const auto source = source_on(veth, {64, 1});
    std::this_thread::sleep_for(milliseconds(50));
    EXPECT_EQ(count_all(*source, *sink, 1000).packets, 1000u) << idle;
  }
}

// The device's own count per queue is the truth.
TEST_P(DpdkWorkload, EachQueueCountsItsOwn) {
  constexpr unsigned kQueues = 2;
  const TestVeth veth(kQueues);
  const auto sink = dpdk_backend().make();
  EXPECT_EQ(started(*sink, backend_of(veth, GetParam())).details.at("queues"), "2");
  const auto source = source_on(veth, {64, 1000});
  const auto got = count_all(*source, *sink, 10'000);
  EXPECT_EQ(got.packets, 10'000u) << places(got.drops);
  ASSERT_EQ(got.per_queue.size(), kQueues);
  EXPECT_EQ(got.per_queue[0] + got.per_queue[1], 10'000u);
  const auto inside = need(sys::NetnsScope::enter(veth.dut().netns_path));
  const auto device = need(sys::driver_statistics(veth.dut().name));
  for (unsigned queue = 0; queue < kQueues; ++queue) {
    EXPECT_GT(got.per_queue[queue], 0u);
    // net_af_packet spreads the flows itself, over as many sockets as there are queues.
    if (GetParam() == "net_af_xdp") {
      EXPECT_EQ(got.per_queue[queue],
                device.at("rx_queue_" + std::to_string(queue) + "_xdp_packets"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Drivers, DpdkWorkload, ::testing::Values("net_af_xdp", "net_af_packet"),
                         [](const auto& i) { return i.param; });

}  // namespace
}  // namespace pktbench::backends
