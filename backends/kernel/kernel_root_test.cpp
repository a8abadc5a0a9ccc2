// What every backend of this folder owes: exact counts, and nothing left behind.

#include "backends/kernel/kernel_test_util.hpp"
#include "harness/testing/need_root.hpp"

namespace pktbench::backends {

using namespace kernel_test;
using namespace traffic;
using std::chrono::milliseconds;

namespace {

struct Way {
  const char* name;
  BackendType (*factory)();
  const char* option = nullptr;  // "hook" or "probe", and its value
  const char* value = nullptr;

  BackendConfig config(const TestVeth& veth) const {
    auto config = backend_of(veth.dut(), factory());
    if (option) config.options[option] = std::string(value);
    return config;
  }
};

void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

class KernelBackends : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    NEED_ROOT();
    if (const auto reason = type_.probe(); !reason.empty()) GTEST_SKIP() << reason;
    if (!GetParam().option) return;
    const TestVeth veth;
    const auto mode = type_.make()->start(GetParam().config(veth));
    if (!mode && mode.error().code == ErrorCode::unsupported) GTEST_SKIP() << mode.error().message;
  }

  const BackendType type_ = GetParam().factory();
};

TEST_P(KernelBackends, WhatIsSentIsCounted) {
  const TestVeth veth;
  const auto sink = type_.make();
  for (const auto& generator :
       {generator("packet-sendmmsg"), generator("udp-sendmmsg"), generator("xdp-live")})
    for (std::uint32_t size : {64u, 512u, 1518u})
      for (std::uint32_t flows : {1u, 1000u}) {
        SCOPED_TRACE(generator.name + " " + std::to_string(size) + " B " + std::to_string(flows));
        const auto mode = need(sink->start(GetParam().config(veth)));
        EXPECT_EQ(mode.requested, type_.name);
        EXPECT_EQ(mode.effective, type_.name);
        EXPECT_TRUE(sink->threads().empty());
        const auto source = generator.make();
        need(source->start(traffic_of(veth, generator, {size, flows})));
        const auto lost = device_drops(veth).sum();
        std::uint64_t total = 0;
        SentCounters sent;
        while (total < 2000) {  // a hundred fit into every buffer on the way
          sent = send_exactly(*source, 100);
          total += 100;
          drained(*sink, total);
        }
        const auto got = need(sink->sample());
        EXPECT_EQ(sent.packets, total);
        EXPECT_EQ(got.packets, total);
        EXPECT_EQ(got.bytes, sent.bytes);
        EXPECT_EQ(got.bytes, total * (size - 4));
        EXPECT_EQ(got.foreign, 0u);
        EXPECT_EQ(got.drops, DropCounts{});
        EXPECT_EQ(got.per_queue, std::vector<std::uint64_t>{total});
        EXPECT_EQ(device_drops(veth).sum(), lost);
        source->stop();
        sink->stop();
      }
}

TEST_P(KernelBackends, OverloadIsAccountedForExactly) {
  for (const auto& generator : {generator("packet-sendmmsg"), generator("xdp-live")})
    for (bool threaded : {false, true}) {
      SCOPED_TRACE(generator.name + (threaded ? " threaded" : ""));
      const TestVeth veth;
      if (threaded) veth.thread_napi();
      const auto sink = type_.make();
      need(sink->start(GetParam().config(veth)));
      const auto source = generator.make();
      need(source->start(traffic_of(veth, generator, {64, 5})));
      const auto lost = device_drops(veth).sum();
      source->open();
      std::this_thread::sleep_for(milliseconds(400));
      need(source->close());
      const auto sent = need(source->sample());
      EXPECT_GT(sent.packets, 0u);
      const auto dropped = device_drops(veth).sum() - lost;
      const auto got = drained(*sink, sent.packets - dropped);
      EXPECT_EQ(got.packets + (device_drops(veth).sum() - lost), sent.packets)
          << "the device has taken " << frames_taken(veth)
          << " frames off its ring; the sender's has "
          << "dropped " << veth.generator_link().tx_dropped << ", of which the sender was told of "
          << sent.refused;
      EXPECT_EQ(got.bytes, got.packets * 60);
    }
}

TEST_P(KernelBackends, StartAndStopLeaveNothingBehind) {
  const TestVeth veth;
  const auto sink = type_.make();
  const auto before = attached(veth);
  need(sink->start(GetParam().config(veth)));
  EXPECT_EQ(attached(veth) == before, GetParam().factory == kprobe_count_backend);
  sink->stop();
  EXPECT_EQ(attached(veth), before);
  const auto files = entries("/proc/self/fd");
  const auto threads = entries("/proc/self/task");
  for (int i = 0; i < 50; ++i) {
    need(sink->start(GetParam().config(veth)));
    sink->stop();
    sink->stop();
  }
  EXPECT_EQ(entries("/proc/self/fd"), files);
  EXPECT_EQ(entries("/proc/self/task"), threads);
  EXPECT_EQ(attached(veth), before);
  EXPECT_FALSE(sink->sample());
}

TEST_P(KernelBackends, AStartThatFailsLeavesNothingBehind) {
  const TestVeth veth;
  const auto before = attached(veth);
  auto gone = GetParam().config(veth);
  gone.port.netns_path = sys::netns_path("pktbench-no-such");
  auto backend = type_.make();
  EXPECT_FALSE(backend->start(gone));
  EXPECT_FALSE(backend->sample());
  if (GetParam().factory != kprobe_count_backend) {  // which needs no device to attach to
    gone = GetParam().config(veth);
    gone.port.ifindex = 9999;
    EXPECT_FALSE(backend->start(gone));
    EXPECT_FALSE(backend->sample());
  }
  EXPECT_EQ(attached(veth), before);
  EXPECT_TRUE(backend->start(GetParam().config(veth)));
}

// The two have the same ifindex, each in its own namespace.
TEST_P(KernelBackends, AnotherNamespacesFramesAreNotCounted) {
  const TestVeth ours;
  const TestVeth other;
  ASSERT_EQ(ours.dut().ifindex, other.dut().ifindex);
  const auto sink = type_.make();
  need(sink->start(GetParam().config(ours)));
  send_frames(other, 100);
  send_frames(ours, 50);
  EXPECT_EQ(drained(*sink, 50).packets, 50u);
}

TEST_P(KernelBackends, TheStackSeesWhatItShould) {
  const TestVeth veth;
  const auto sink = type_.make();
  need(sink->start(GetParam().config(veth)));
  const auto ip = ip_in_receives(veth);
  const auto udp = udp_no_ports(veth);
  send_frames(veth, 200);
  EXPECT_EQ(drained(*sink, 200).packets, 200u);
  const bool spectator = GetParam().factory == kprobe_count_backend;
  const bool in_ip = spectator || GetParam().factory == nft_drop_backend;
  // The spectator has counted before the stack has.
  for (int i = 0; spectator && i < 1000 && udp_no_ports(veth) - udp < 200; ++i)
    std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(ip_in_receives(veth) - ip, in_ip ? 200u : 0u);
  EXPECT_EQ(udp_no_ports(veth) - udp, spectator ? 200u : 0u);
}

TEST_P(KernelBackends, CountersAreMonotonicAndStartAgainAtZero) {
  const TestVeth veth;
  const auto sink = type_.make();
  for (int round = 0; round < 2; ++round) {
    need(sink->start(GetParam().config(veth)));
    EXPECT_EQ(need(sink->sample()).packets, 0u);
    send_frames(veth, 30);
    EXPECT_EQ(drained(*sink, 30).packets, 30u);
    send_frames(veth, 20);
    EXPECT_EQ(drained(*sink, 50).packets, 50u);
  }
}

TEST_P(KernelBackends, ADeviceThatIsGoneDoesNotHinderStop) {
  const auto sink = type_.make();
  {
    const TestVeth veth;
    need(sink->start(GetParam().config(veth)));
  }
  sink->stop();
  EXPECT_FALSE(sink->sample());
}

INSTANTIATE_TEST_SUITE_P(
    All, KernelBackends,
    ::testing::Values(Way{"TcTcx", tc_drop_backend, "hook", "tcx"},
                      Way{"TcClsact", tc_drop_backend, "hook", "clsact"},
                      Way{"Nft", nft_drop_backend},
                      Way{"CountFentry", kprobe_count_backend, "probe", "fentry"},
                      Way{"CountTracepoint", kprobe_count_backend, "probe", "tracepoint"}),
    [](const auto& i) { return std::string(i.param.name); });

}  // namespace
}  // namespace pktbench::backends
