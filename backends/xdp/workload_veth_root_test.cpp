// The XDP backends' workloads on a veth pair, with real frames: what is sent is counted, and what
// is let through or sent back arrives, exactly.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backends/backend_types.hpp"
#include "backends/common/workload_state.hpp"
#include "harness/core/units.hpp"
#include "harness/testing/need_root.hpp"
#include "harness/testing/test_veth.hpp"
#include "harness/traffic/frame.hpp"
#include "harness/traffic/generators.hpp"

namespace pktbench::backends {
namespace {

using testing::need;
using testing::TestVeth;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kTag = 0x77a1;
constexpr std::uint64_t kFrames = 1000;

sys::Fd open_in(const Port& port, int domain, int type, int protocol) {
  const auto scope = need(sys::NetnsScope::enter(port.netns_path));
  sys::Fd socket(::socket(domain, type | SOCK_CLOEXEC, protocol));
  const int room = 64 << 20;
  if (setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
    throw std::runtime_error("make room in a test's socket");
  return socket;
}

// A UDP socket on one port. The stack has verified the checksums of what it gives.
sys::Fd udp_socket(const Port& at, std::uint16_t port) {
  sys::Fd socket = open_in(at, AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("bind a test's socket");
  return socket;
}

// Every IPv4 frame that arrives at the device.
sys::Fd tap(const Port& at) {
  sys::Fd socket = open_in(at, AF_PACKET, SOCK_RAW, htons(ETH_P_IP));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_IP);
  address.sll_ifindex = static_cast<int>(at.ifindex);
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("bind a test's tap");
  return socket;
}

using Packets = std::vector<std::vector<std::uint8_t>>;

// Those that need one port alone.
std::vector<std::string> workloads_here() {
  std::vector<std::string> names = workload_names();
  std::erase(names, "forward");
  return names;
}

// What comes until `count` have, and one more if there is one; own frames are left out.
Packets take(const sys::Fd& socket, std::size_t count) {
  Packets packets;
  pollfd ready{socket.get(), POLLIN, 0};
  while (packets.size() <= count && poll(&ready, 1, packets.size() < count ? 2000 : 50) > 0) {
    std::vector<std::uint8_t> packet(2048);
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    const auto got = recvfrom(socket.get(), packet.data(), packet.size(), 0,
                              reinterpret_cast<sockaddr*>(&from), &length);
    if (got < 0) break;
    const auto* link = reinterpret_cast<const sockaddr_ll*>(&from);
    if (from.ss_family == AF_PACKET && link->sll_pkttype == PACKET_OUTGOING) continue;
    packet.resize(static_cast<std::size_t>(got));
    packets.push_back(std::move(packet));
  }
  return packets;
}

using Factory = BackendType (*)();

class OnVeth : public ::testing::TestWithParam<Factory> {
 protected:
  void SetUp() override {
    NEED_ROOT();
    veth_.emplace();
  }

  void start(const std::string& workload, std::uint32_t frame_size = 64, std::uint32_t flows = 1) {
    const BackendType type = GetParam()();
    backend_ = type.make();
    const auto mode = backend_->start({veth_->dut(),
                                       workload,
                                       {frame_size, flows},
                                       kTag,
                                       testing::default_options(type.options)});
    ASSERT_TRUE(mode) << mode.error().message << "\n" << mode.error().detail;
    ASSERT_EQ(mode->effective, type.name);
    sent_ = 0;
    const GeneratorType generator = traffic::generator("packet-sendmmsg");
    source_ = generator.make();
    config_.from = veth_->generator();
    config_.to = veth_->dut();
    config_.traffic = {frame_size, flows};
    config_.trial_tag = kTag;
    config_.options = testing::default_options(generator.options);
    ASSERT_TRUE(source_->start(config_));
  }

  // In bursts that the device's ring holds.
  void send(std::uint64_t frames) {
    for (const std::uint64_t until = sent_ + frames; sent_ < until;) {
      const std::uint64_t burst = std::min<std::uint64_t>(50, until - sent_);
      source_->open(burst);
      const auto deadline = Clock::now() + std::chrono::seconds(30);
      while (!source_->finished() && Clock::now() < deadline)
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      ASSERT_TRUE(source_->close());
      sent_ += burst;
      while (need(backend_->sample()).packets < sent_ && Clock::now() < deadline)
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      ASSERT_EQ(need(backend_->sample()).packets, sent_);
    }
  }

  void stop() {
    source_->stop();
    backend_->stop();
  }

  std::optional<TestVeth> veth_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<TrafficSource> source_;
  TrafficConfig config_;
  std::uint64_t sent_ = 0;
};

TEST_P(OnVeth, EveryWorkloadCountsEveryFrameWhateverComesOfIt) {
  const sys::Fd at_dut = udp_socket(veth_->dut(), PB_UDP_PORT);
  // Nobody answers to what comes back, which would be counted too.
  const sys::Fd at_generator = udp_socket(veth_->generator(), PB_FLOW_PORT_BASE);
  for (const std::string& workload : workloads_here())
    for (std::uint32_t size : {64u, 512u, 1518u}) {
      SCOPED_TRACE(workload + ", " + std::to_string(size) + " B");
      ASSERT_NO_FATAL_FAILURE(start(workload, size));
      ASSERT_NO_FATAL_FAILURE(send(200));
      const Counters c = need(backend_->sample());
      EXPECT_EQ(c.packets, 200u);
      EXPECT_EQ(c.bytes, 200 * buffer_length(size));
      EXPECT_TRUE(c.drops.empty());
      auto details = c.details;
      details.erase("addresses");
      EXPECT_EQ(details.empty(), workload == "drop" || workload == "touch");
      if (!details.empty()) {
        EXPECT_EQ(std::accumulate(details.begin(), details.end(), std::uint64_t{0},
                                  [](auto sum, const auto& d) { return sum + d.second; }),
                  200u);
      }
      stop();
    }
}

TEST_P(OnVeth, ParseFindsEveryTestFrameSound) {
  ASSERT_NO_FATAL_FAILURE(start("parse", 64, 1000));
  ASSERT_NO_FATAL_FAILURE(send(kFrames));
  const std::map<std::string, std::uint64_t> expected = {
      {"ok", kFrames}, {"malformed", 0}, {"other", 0}};
  EXPECT_EQ(need(backend_->sample()).details, expected);
}

TEST_P(OnVeth, CountPerIpSeesTheGeneratorsAddresses) {
  // 16,384 flows to an address.
  ASSERT_NO_FATAL_FAILURE(start("count-per-ip", 64, 2 * PB_FLOWS_PER_ADDR));
  ASSERT_NO_FATAL_FAILURE(send(PB_FLOWS_PER_ADDR + 100));
  auto details = need(backend_->sample()).details;
  EXPECT_EQ(details["addresses"], 2u);
  EXPECT_EQ(details["counted"], PB_FLOWS_PER_ADDR + 100);
}

TEST_P(OnVeth, PassLetsEveryFrameArriveAtASocket) {
  const sys::Fd socket = udp_socket(veth_->dut(), PB_UDP_PORT);
  ASSERT_NO_FATAL_FAILURE(start("pass"));
  ASSERT_NO_FATAL_FAILURE(send(kFrames));
  EXPECT_EQ(take(socket, kFrames).size(), kFrames);
  EXPECT_EQ(need(backend_->sample()).details["passed"], kFrames);
}

TEST_P(OnVeth, ReflectSendsEveryFrameBackAsTheDutWouldHaveSentIt) {
  // Both: the tap sees the bytes, the socket gets what the stack finds sound.
  const sys::Fd socket = udp_socket(veth_->generator(), PB_FLOW_PORT_BASE);
  const sys::Fd wire = tap(veth_->generator());
  // A veth end takes what the other sends back (XDP_TX) only where it has a program of its own.
  // This one counts it, too.
  const BackendType type = xdp_native_backend();
  const auto back = type.make();
  ASSERT_TRUE(
      back->start({veth_->generator(), "pass", {}, kTag, testing::default_options(type.options)}));
  ASSERT_NO_FATAL_FAILURE(start("reflect"));
  ASSERT_NO_FATAL_FAILURE(send(kFrames));
  EXPECT_EQ(take(socket, kFrames).size(), kFrames);
  const Packets packets = take(wire, kFrames);
  EXPECT_EQ(packets.size(), kFrames);
  EXPECT_EQ(need(backend_->sample()).details["reflected"], kFrames);
  EXPECT_EQ(need(back->sample()).packets, kFrames);

  auto frame = need(traffic::build_frame(config_));
  std::uint64_t seq = 0;
  for (const auto& packet : packets) {
    pb_frame_stamp(frame.bytes.data(), &frame.sums, 0, seq++);
    auto expected = frame.bytes;
    std::swap_ranges(expected.begin(), expected.begin() + 6, expected.begin() + 6);
    std::swap_ranges(expected.begin() + 26, expected.begin() + 30, expected.begin() + 30);
    std::swap_ranges(expected.begin() + 34, expected.begin() + 36, expected.begin() + 36);
    ASSERT_EQ(packet, expected) << "frame " << seq;
  }
}

TEST_P(OnVeth, FilterFollowsTheSet) {
  const sys::Fd socket = udp_socket(veth_->dut(), PB_UDP_PORT);
  ASSERT_NO_FATAL_FAILURE(start("filter"));
  auto* control = dynamic_cast<FilterControl*>(backend_.get());
  ASSERT_NE(control, nullptr);
  ASSERT_NO_FATAL_FAILURE(send(100));
  ASSERT_TRUE(control->set_filtered(PB_UDP_PORT, false));
  ASSERT_NO_FATAL_FAILURE(send(130));
  ASSERT_TRUE(control->set_filtered(PB_UDP_PORT, true));
  ASSERT_NO_FATAL_FAILURE(send(70));
  const std::map<std::string, std::uint64_t> expected = {{"filtered", 170}, {"passed", 130}};
  EXPECT_EQ(need(backend_->sample()).details, expected);
  EXPECT_EQ(take(socket, 130).size(), 130u);
}

TEST_P(OnVeth, FilterMayChangeWhileFramesArriveAndLosesNone) {
  const sys::Fd socket = udp_socket(veth_->dut(), PB_UDP_PORT);
  ASSERT_NO_FATAL_FAILURE(start("filter"));
  auto* control = dynamic_cast<FilterControl*>(backend_.get());
  ASSERT_NE(control, nullptr);
  std::atomic<bool> done{false};
  std::thread flipper([&] {
    for (bool filtered = false; !done; filtered = !filtered) {
      EXPECT_TRUE(control->set_filtered(PB_UDP_PORT, filtered));
      std::this_thread::sleep_for(std::chrono::microseconds(300));
    }
  });
  send(20 * kFrames);
  done = true;
  flipper.join();
  auto details = need(backend_->sample()).details;
  EXPECT_EQ(details["filtered"] + details["passed"], 20 * kFrames);
  EXPECT_GT(details["filtered"], 0u);
  EXPECT_GT(details["passed"], 0u);
  EXPECT_EQ(take(socket, details["passed"]).size(), details["passed"]);
}

TEST_P(OnVeth, OnlyFilterHasASet) {
  ASSERT_NO_FATAL_FAILURE(start("parse"));
  EXPECT_FALSE(dynamic_cast<FilterControl&>(*backend_).set_filtered(9, true));
  backend_->stop();
  EXPECT_FALSE(dynamic_cast<FilterControl&>(*backend_).set_filtered(9, true));
}

TEST_P(OnVeth, ForwardIsUnsupportedWithoutASecondPort) {
  const BackendType type = GetParam()();
  const auto mode = type.make()->start(
      {veth_->dut(), "forward", {}, kTag, testing::default_options(type.options)});
  ASSERT_FALSE(mode);
  EXPECT_EQ(mode.error().code, ErrorCode::unsupported);
  EXPECT_NE(mode.error().message.find("second port"), std::string::npos);
  EXPECT_EQ(veth_->dut_link().xdp_program_id, 0u);
}

TEST_P(OnVeth, AnUnknownWorkloadIsUnsupportedAndNothingIsAttached) {
  const BackendType type = GetParam()();
  const auto backend = type.make();
  const auto mode =
      backend->start({veth_->dut(), "count", {}, kTag, testing::default_options(type.options)});
  ASSERT_FALSE(mode);
  EXPECT_EQ(mode.error().code, ErrorCode::unsupported);
  EXPECT_EQ(veth_->dut_link().xdp_program_id, 0u);
}

TEST_P(OnVeth, FiftyStartsAndStopsOfAnyWorkloadLeaveNothing) {
  const auto files = [] { return testing::entries("/proc/self/fd"); };
  const BackendType type = GetParam()();
  const auto before = files();
  for (std::size_t i = 0; i < 50; ++i) {
    const auto backend = type.make();
    ASSERT_TRUE(backend->start({veth_->dut(),
                                workloads_here()[i % workloads_here().size()],
                                {},
                                kTag,
                                testing::default_options(type.options)}));
    backend->stop();
    backend->stop();
    EXPECT_FALSE(backend->sample());
  }
  EXPECT_EQ(files(), before);
  EXPECT_EQ(veth_->dut_link().xdp_program_id, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, OnVeth, ::testing::Values(xdp_native_backend, xdp_generic_backend),
                         [](const auto& i) {
                           return std::string(i.param == xdp_native_backend ? "Native" : "Generic");
                         });

}  // namespace
}  // namespace pktbench::backends
