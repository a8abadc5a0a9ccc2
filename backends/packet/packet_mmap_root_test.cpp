// packet-mmap behind a veth pair: every frame sent is received or dropped at a named place.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>

#include "backends/common/send_batch.hpp"
#include "backends/common/workload_state.hpp"
#include "backends/packet/packet_mmap.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/file.hpp"
#include "harness/testing/need_root.hpp"
#include "harness/testing/sending.hpp"
#include "harness/traffic/frame.hpp"
#include "harness/traffic/generators.hpp"

namespace pktbench::backends {
namespace {

using namespace traffic;
using namespace testing;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class PacketMmap : public ::testing::Test {
 protected:
  void SetUp() override {
    NEED_ROOT();
    veth_.emplace();
  }

  const TestVeth& veth() const { return *veth_; }

  // `fanout` hash has two sockets, whatever the device has.
  BackendConfig config(const std::string& fanout = "none") const {
    BackendConfig c = backend_of(veth().dut(), type_);
    c.options["fanout"] = fanout;
    if (fanout != "none") {
      c.port.queues = 2;
      c.port.cpus = {veth().generator().cpus.front(), veth().dut().cpus.front()};
    }
    return c;
  }

  // A ring of 8 KiB that is read on the sender's CPU, where frames must be dropped.
  BackendConfig cramped(const std::string& fanout) const {
    BackendConfig c = config(fanout);
    c.options["block_bytes"] = std::int64_t{4096};
    c.options["blocks"] = std::int64_t{2};
    c.port.cpus = veth().generator().cpus;
    return c;
  }

  std::optional<TestVeth> veth_;
  const BackendType type_ = packet_mmap_backend();
};

TEST_F(PacketMmap, WhatIsSentIsReceived) {
  {
    // Only so do live frames reach a device without XDP, see the testbed.
    const auto inside = need(sys::NetnsScope::enter(veth().dut().netns_path));
    for (bool on : {false, true}) need(sys::set_offload(veth().dut().name, sys::Offload::gro, on));
  }
  for (const auto& type :
       {generator("packet-sendmmsg"), generator("udp-sendmmsg"), generator("xdp-live")})
    for (const char* fanout : {"none", "hash"})
      for (const auto& [size, flows] : {std::pair{64u, 1u},
                                        {64u, 1000u},
                                        {512u, 1u},
                                        {512u, 1000u},
                                        {1518u, 1u},
                                        {1518u, 1000u}}) {
        SCOPED_TRACE(type.name + ", fanout " + fanout + ", " + std::to_string(size) + " B, " +
                     std::to_string(flows) + " flows");
        const auto source = type.make();
        const auto sink = type_.make();
        const auto mode = need(sink->start(config(fanout)));
        EXPECT_EQ(mode.effective, "packet-mmap");
        EXPECT_EQ(sink->threads().size(), fanout == std::string("none") ? 1u : 2u);
        need(source->start(traffic_of(veth(), type, {size, flows})));
        const auto sent = send_exactly(*source, 2000, 20'000);
        EXPECT_EQ(sent.packets, 2000u);
        const auto got = drained(*sink, 2000);
        EXPECT_EQ(got.packets, 2000u);
        EXPECT_EQ(got.bytes, sent.bytes);
        EXPECT_EQ(got.foreign, 0u);
        EXPECT_EQ(got.drops, (DropCounts{{"packet_ring", 0}}));
      }
}

TEST_F(PacketMmap, OverloadIsAccountedForExactly) {
  for (bool threaded : {false, true}) {
    if (threaded) veth().thread_napi();
    for (const char* fanout : {"none", "hash"}) {
      SCOPED_TRACE(std::string("threaded ") + (threaded ? "yes" : "no") + ", fanout " + fanout);
      const auto type = traffic::generator("packet-sendmmsg");
      const auto source = type.make();
      const auto sink = type_.make();
      need(sink->start(cramped(fanout)));
      need(source->start(traffic_of(veth(), type, {64, 5})));
      const auto before = veth().dut_link();
      source->open();
      // Until the ring has overflowed: a fast receiver keeps up for a while.
      for (int i = 0; i < 30; ++i) {
        std::this_thread::sleep_for(milliseconds(300));
        if (need(sink->sample()).drops.at("packet_ring") > 0) break;
      }
      need(source->close());
      const auto sent = need(source->sample());
      const auto got = drained(*sink, sent.packets);
      EXPECT_EQ(got.packets + got.drops.at("packet_ring"), sent.packets);
      EXPECT_GT(got.packets, 0u);
      EXPECT_GT(got.drops.at("packet_ring"), 0u);
      EXPECT_EQ(got.bytes, got.packets * 60);
      EXPECT_EQ(got.foreign, 0u);
      const auto again = need(sink->sample());  // reading the kernel's count has reset it
      EXPECT_EQ(again.drops, got.drops);
      const auto after = veth().dut_link();
      EXPECT_EQ(after.rx_packets - before.rx_packets, sent.packets);
      EXPECT_EQ(after.rx_dropped, before.rx_dropped);
    }
  }
}

// A sample has all that the ring has, however long its last block stays open.
TEST_F(PacketMmap, EveryWorkloadSeesWholeFrames) {
  const auto type = traffic::generator("packet-sendmmsg");
  const auto source = type.make();
  need(source->start(traffic_of(veth(), type, {64, 10})));
  for (const std::string& workload : type_.workloads)
    for (const char* fanout : {"none", "hash"}) {
      const auto sink = type_.make();
      auto c = config(fanout);
      c.workload = workload;
      need(sink->start(c));
      send_exactly(*source, 500, 20'000);
      const auto got = drained(*sink, 500);
      EXPECT_EQ(got.packets, 500u) << workload;
      auto details = got.details;
      if (workload == "parse") {
        EXPECT_EQ(details.at("ok"), 500u);
      }
      if (workload == "count-per-ip") {
        EXPECT_EQ(details.at("counted"), 500u);
      }
      auto* filter = dynamic_cast<FilterControl*>(sink.get());
      if (workload == "filter") {
        EXPECT_EQ(details.at("filtered"), 500u);
        need(filter->set_filtered(PB_UDP_PORT, false));
        send_exactly(*source, 100);
        details = drained(*sink, 600).details;
        EXPECT_EQ(details.at("filtered"), 500u);
        EXPECT_EQ(details.at("passed"), 100u);
      } else {
        EXPECT_FALSE(filter->set_filtered(PB_UDP_PORT, false));
      }
    }
}

using Details = std::map<std::string, std::uint64_t>;

TEST_F(PacketMmap, WhatIsReflectedArrivesAtTheOtherEnd) {
  veth().deafen_generator();
  veth().refuse_silently();
  const auto type = traffic::generator("packet-sendmmsg");
  for (const char* fanout : {"none", "hash"})
    for (std::uint32_t size : {64u, 512u, 1518u})
      for (std::uint32_t flows : {1u, 1000u}) {
        SCOPED_TRACE(std::string(fanout) + ", " + std::to_string(size) + " B, " +
                     std::to_string(flows) + " flows");
        const auto source = type.make();
        const auto sink = type_.make();
        auto c = config(fanout);
        c.workload = "reflect";
        need(sink->start(c));
        need(source->start(traffic_of(veth(), type, {size, flows})));
        const auto before = veth().generator_link();
        send_exactly(*source, 2000, 20'000);
        EXPECT_EQ(drained(*sink, 2000).packets, 2000u);
        EXPECT_EQ(came_back(veth(), before.rx_packets, 2000), 2000u);
        const auto got = need(sink->sample());
        EXPECT_EQ(got.packets, 2000u);
        EXPECT_EQ(sum(got.drops), 0u);
        EXPECT_EQ(got.details,
                  (Details{{"reflected", 2000}, {"malformed", 0}, {"other", 0}, {"not_sent", 0}}));
      }
}

// A device takes frames that are four bytes longer (a VLAN tag's) than those it lets a packet
// socket send.
TEST_F(PacketMmap, WhatTheKernelRefusesToSendIsCounted) {
  veth().run_in_dut("ip link set dev " + veth().dut().name + " mtu 1496");
  veth().refuse_silently();
  const auto type = traffic::generator("packet-sendmmsg");
  const auto sink = type_.make();
  auto c = config();
  c.workload = "reflect";
  need(sink->start(c));
  for (const auto& [size, refused] : {std::pair{1518u, 200u}, {1514u, 200u}}) {
    const auto source = type.make();
    need(source->start(traffic_of(veth(), type, {size, 1})));
    const auto before = need(sink->sample());
    const auto back = veth().generator_link().rx_packets;
    send_exactly(*source, 200, 20'000);
    EXPECT_EQ(drained(*sink, before.packets + 200).packets, before.packets + 200);
    const std::uint64_t sent = size == 1518 ? 0 : 200;
    EXPECT_EQ(came_back(veth(), back, sent), sent) << size;
    const auto got = need(sink->sample());
    EXPECT_EQ(got.details.at("reflected"), got.packets);
    EXPECT_EQ(got.details.at("not_sent"), refused) << size;
  }
}

// The other end is not read meanwhile: its ring fills in the middle of a batch.
TEST_F(PacketMmap, WhatTheDeviceDropsInABatchIsDroppedOnce) {
  constexpr std::uint64_t kBatches = 40;
  constexpr std::size_t kBatch = 60;
  veth().thread_napi();
  const int cpu = veth().dut().cpus.front();
  const auto napi = sys::threads_named("napi/" + veth().dut().name + "-");
  ASSERT_EQ(napi.size(), 1u);
  const sched_param last{};
  need(sys::pin_thread(napi[0], cpu));
  ASSERT_EQ(sched_setscheduler(napi[0], SCHED_IDLE, &last), 0);

  auto frame =
      need(traffic::build_frame(traffic_of(veth(), generator("packet-sendmmsg"), {64, 1}))).bytes;
  const auto accounted = [&, sent_before = veth().generator_link().tx_dropped,
                          received_before = veth().dut_link().rx_packets] {
    return std::pair{veth().dut_link().rx_packets - received_before,
                     veth().generator_link().tx_dropped - sent_before};
  };
  std::uint64_t refused = 0;
  std::thread([&] {
    const auto inside = need(sys::NetnsScope::enter(veth().generator().netns_path));
    const sys::Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = static_cast<int>(veth().generator().ifindex);
    ASSERT_EQ(bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const int room = 8 << 20;  // or it would wait
    ASSERT_EQ(setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room), 0);
    need(sys::pin_thread(0, cpu));
    sched_param first{};
    first.sched_priority = 1;
    ASSERT_EQ(sched_setscheduler(0, SCHED_FIFO, &first), 0);
    SendBatch batch(kBatch, ENOBUFS);
    for (std::uint64_t i = 0; i < kBatches; ++i) {
      while (!batch.full()) batch.push(frame, nullptr);
      refused += batch.flush(socket.get());
    }
  }).join();
  EXPECT_EQ(refused, 0u);
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  auto [received, dropped] = accounted();
  while (received + dropped < kBatches * kBatch && Clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(50));  // long enough for any that are too many
    std::tie(received, dropped) = accounted();
  }
  EXPECT_GT(dropped, 0u);
  EXPECT_EQ(received + dropped, kBatches * kBatch) << received << " received";
}

TEST_F(PacketMmap, ASampleWaitsForTheOpenBlockAndSaysWhatCameLate) {
  const auto type = traffic::generator("packet-sendmmsg");
  const auto source = type.make();
  const auto sink = type_.make();
  auto c = config();
  c.options["block_timeout_ms"] = std::int64_t{1000};
  need(sink->start(c));
  need(source->start(traffic_of(veth(), type, {64, 1})));
  const auto before = veth().dut_link().rx_packets;
  send_exactly(*source, 10, 20'000);
  while (veth().dut_link().rx_packets - before < 10) std::this_thread::yield();
  std::this_thread::sleep_for(milliseconds(50));
  const auto waited = need(sink->sample());
  EXPECT_EQ(waited.packets, 10u);
  EXPECT_EQ(waited.late, 10u);
  EXPECT_EQ(need(sink->sample()).late, 0u);
}

TEST_F(PacketMmap, OthersFramesAreForeignAndOurOwnAreNotSeen) {
  for (const char* fanout : {"none", "hash"}) {
    const auto type = traffic::generator("packet-sendmmsg");
    const auto sink = type_.make();
    need(sink->start(config(fanout)));
    auto traffic = traffic_of(veth(), type, {64, 1});
    const auto ours = need(traffic::build_frame(traffic)).bytes;
    traffic.trial_tag = kTag + 1;
    const auto late = need(traffic::build_frame(traffic)).bytes;
    send_raw(veth().dut(), ours);  // the wrong way: what the device sends
    send_raw(veth().generator(), late);
    send_raw(veth().generator(), std::vector<std::uint8_t>(ours.begin(), ours.begin() + 45));
    send_raw(veth().generator(), ours);
    const auto got = drained(*sink, 3);
    EXPECT_EQ(got.packets, 1u) << fanout;
    EXPECT_EQ(got.bytes, 60u);
    EXPECT_EQ(got.foreign, 2u);
  }
}

TEST_F(PacketMmap, WhereNothingCameThePumpIsDriven) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
  const sys::Fd pump(ends[0]);
  const sys::Fd feed(ends[1]);
  const auto type = traffic::generator("packet-sendmmsg");
  const auto source = type.make();
  const auto sink = type_.make();
  auto c = config();
  c.port.pump_fd = pump.get();
  c.workload = "touch";
  need(sink->start(c));
  need(source->start(traffic_of(veth(), type, {64, 10})));
  for (int i = 0; i < 3; ++i) ASSERT_EQ(send(feed.get(), "x", 1, 0), 1);
  send_exactly(*source, 1000, 20'000);
  EXPECT_EQ(drained(*sink, 1000).packets, 1000u);
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  int waiting = 0;
  do {
    ASSERT_EQ(ioctl(pump.get(), FIONREAD, &waiting), 0);
  } while (waiting > 0 && Clock::now() < deadline);
  EXPECT_EQ(waiting, 0);
  sink->stop();
}

TEST_F(PacketMmap, StartAndStopLeaveNothingOpen) {
  const auto type = traffic::generator("packet-sendmmsg");
  const auto source = type.make();
  need(source->start(traffic_of(veth(), type, {64, 10})));
  source->open();
  const auto files = entries("/proc/self/fd");
  const auto threads = entries("/proc/self/task");
  const auto sink = type_.make();
  for (int i = 0; i < 50; ++i) {
    need(sink->start(config(i % 2 == 0 ? "none" : "hash")));
    EXPECT_EQ(entries("/proc/self/task"), threads + 1 + i % 2);
    sink->stop();
    EXPECT_TRUE(sink->threads().empty());
    EXPECT_FALSE(sink->sample());
    sink->stop();
  }
  EXPECT_EQ(entries("/proc/self/fd"), files);
  EXPECT_EQ(entries("/proc/self/task"), threads);
  need(source->close());
}

TEST_F(PacketMmap, WhatCannotBeIsRefusedAndLeavesNothing) {
  EXPECT_EQ(type_.probe(), "");
  const auto files = entries("/proc/self/fd");
  const auto threads = entries("/proc/self/task");
  const auto sink = type_.make();
  auto c = config();
  c.workload = "pass";
  EXPECT_EQ(sink->start(c).error().code, ErrorCode::unsupported);
  EXPECT_NE(type_.cannot.at("pass"), "");
  for (std::int64_t bytes : {2048, 12288}) {
    c = config();
    c.options["block_bytes"] = bytes;
    EXPECT_EQ(sink->start(c).error().code, ErrorCode::invalid_input);
  }
  c = config("hash");
  c.port.cpus = {veth().dut().cpus.front(), 1 << 20};  // fails with one thread at work
  EXPECT_FALSE(sink->start(c));
  c = config();
  c.port.ifindex = 1 << 20;
  EXPECT_EQ(sink->start(c).error().sys_errno, ENODEV);
  EXPECT_EQ(entries("/proc/self/fd"), files);
  EXPECT_EQ(entries("/proc/self/task"), threads);
}

}  // namespace
}  // namespace pktbench::backends
