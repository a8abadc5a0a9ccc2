// The user-space generators on a real wire: what arrives is what was counted, byte for byte.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <set>
#include <thread>
#include <tuple>

#include "harness/core/units.hpp"
#include "harness/testing/need_root.hpp"
#include "harness/testing/sending.hpp"
#include "harness/traffic/frame.hpp"
#include "harness/traffic/generators.hpp"

namespace pktbench::traffic {
namespace {

using namespace testing;
using Clock = std::chrono::steady_clock;

// Every IPv4 frame that arrives at the DUT's device, before the stack sees it.
class WireTap {
 public:
  explicit WireTap(const Port& port) {
    const auto scope = need(sys::NetnsScope::enter(port.netns_path));
    socket_ = sys::Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IP)));
    const int room = 256 << 20;
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_IP);
    address.sll_ifindex = static_cast<int>(port.ifindex);
    if (bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("bind the tap");
  }

  // All that come until `count` have, or none for a second. The DUT's own frames are left out.
  std::vector<std::vector<std::uint8_t>> take(std::size_t count) {
    std::vector<std::vector<std::uint8_t>> frames;
    pollfd ready{socket_.get(), POLLIN, 0};
    while (frames.size() < count && poll(&ready, 1, 1000) > 0) {
      std::vector<std::uint8_t> frame(2048);
      sockaddr_ll from{};
      socklen_t length = sizeof from;
      const auto got = recvfrom(socket_.get(), frame.data(), frame.size(), 0,
                                reinterpret_cast<sockaddr*>(&from), &length);
      if (got < 0 || from.sll_pkttype == PACKET_OUTGOING) continue;
      frame.resize(static_cast<std::size_t>(got));
      frames.push_back(std::move(frame));
    }
    return frames;
  }

 private:
  sys::Fd socket_;
};

class Generators : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { NEED_ROOT(); }
};

std::string generator_name(const ::testing::TestParamInfo<const char*>& info) {
  return info.param == std::string("packet-sendmmsg") ? "Packet" : "Udp";
}

// But for the IP id (and so the IP checksum) of what the stack makes.
TEST_P(Generators, PutTheFrameOnTheWire) {
  const TestVeth veth;
  const GeneratorType& type = generator(GetParam());
  EXPECT_EQ(type.probe(), "");
  for (std::uint32_t size : {64u, 65u, 512u, 1518u}) {
    WireTap tap(veth.dut());
    const auto source = type.make();
    const auto config = traffic_of(veth, type, {size, 10});
    ASSERT_TRUE(source->start(config));
    send_exactly(*source, 100, 20'000);
    const auto frames = tap.take(100);
    ASSERT_EQ(frames.size(), 100u);
    auto expected = need(traffic::build_frame(config));
    for (auto frame : frames) {
      ASSERT_EQ(frame.size(), buffer_length(size));
      std::uint32_t seq = 0;
      std::memcpy(&seq, &frame[PB_OFF_SEQ], sizeof seq);
      const std::uint32_t flow = (std::uint32_t{frame[34]} << 8 | frame[35]) - PB_FLOW_PORT_BASE;
      pb_frame_stamp(expected.bytes.data(), &expected.sums, flow, be32toh(seq));
      if (type.name == "udp-sendmmsg")
        for (std::size_t at : {18, 19, 24, 25}) frame[at] = expected.bytes[at];
      ASSERT_EQ(frame, expected.bytes) << "size " << size;
    }
  }
}

TEST_P(Generators, EveryFlowAndEverySequenceNumberArrivesOnce) {
  const GeneratorType& type = generator(GetParam());
  constexpr std::uint32_t flows = kMaxFlows;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  if (type.name == "udp-sendmmsg" && files.rlim_max < PB_FLOWS_PER_ADDR + 1000)
    GTEST_SKIP() << "RLIMIT_NOFILE is " << files.rlim_max;
  const TestVeth veth;
  WireTap tap(veth.dut());
  const auto source = type.make();
  auto config = traffic_of(veth, type, {64, flows});
  config.options["batch"] = std::int64_t{1};  // so that sockets alternate by frame
  const auto before = Clock::now();
  const auto started = source->start(config);
  ASSERT_TRUE(started) << started.error().message;
  RecordProperty("start_ms", static_cast<int>((Clock::now() - before).count() / 1'000'000));
  std::thread sender([&] { send_exactly(*source, flows); });
  const auto frames = tap.take(flows);
  sender.join();
  ASSERT_EQ(frames.size(), flows);
  std::set<std::tuple<std::uint32_t, std::uint16_t>> seen;
  std::set<std::uint32_t> seqs;
  for (const auto& frame : frames) {
    std::uint32_t address = 0;
    std::uint16_t port = 0;
    std::uint32_t seq = 0;
    std::memcpy(&address, &frame[PB_OFF_SADDR], sizeof address);
    std::memcpy(&port, &frame[PB_OFF_UDP], sizeof port);
    std::memcpy(&seq, &frame[PB_OFF_SEQ], sizeof seq);
    seen.emplace(ntohl(address), ntohs(port));
    seqs.insert(be32toh(seq));
  }
  EXPECT_EQ(seen.size(), flows);
  EXPECT_EQ(seqs.size(), flows);
  EXPECT_EQ(*seqs.rbegin(), flows - 1);
  EXPECT_EQ(std::get<0>(*seen.rbegin()), veth.generator().ipv4 + ((flows - 1) >> 14));
}

// Against the generator's own clock, and wide: a busy host delays frames, and they are caught up.
TEST_P(Generators, ThePacedCountIsThatOfTheTimeTheGateWasOpen) {
  const TestVeth veth;
  const GeneratorType& type = generator(GetParam());
  const auto source = type.make();
  ASSERT_TRUE(source->start(traffic_of(veth, type, {64, 1})));
  const auto before = Clock::now();
  source->open(TrafficSource::kNoLimit, 10'000);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  ASSERT_TRUE(source->close());
  const double seconds = std::chrono::duration<double>(Clock::now() - before).count();
  const auto sent = need(source->sample());
  EXPECT_GT(sent.packets, 0u);
  EXPECT_LE(static_cast<double>(sent.packets + sent.unsent), seconds * 10'000 * 1.01 + 1);
  EXPECT_EQ(sent.bytes, sent.packets * 60);
}

TEST_P(Generators, CountWhatTheDeviceTookAndNotWhatItRefused) {
  const TestVeth veth;
  veth.thread_napi();
  const GeneratorType& type = generator(GetParam());
  for (bool bypass : {false, true}) {
    if (bypass && type.name != "packet-sendmmsg") continue;
    const auto before = veth.generator_link().tx_packets;
    const auto source = type.make();
    auto config = traffic_of(veth, type, {64, 3});
    if (bypass) config.options["qdisc_bypass"] = true;
    ASSERT_TRUE(source->start(config));
    source->open();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    ASSERT_TRUE(source->close());
    const auto sent = need(source->sample());
    EXPECT_GT(sent.packets, 0u);
    EXPECT_EQ(sent.unsent, 0u);
    // The device counts a frame when the other side takes it from the ring.
    const auto deadline = Clock::now() + std::chrono::seconds(10);
    while (veth.generator_link().tx_packets - before < sent.packets && Clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(veth.generator_link().tx_packets - before, sent.packets);
  }
}

TEST_P(Generators, ADeviceThatGoesAwayEndsTheSource) {
  const GeneratorType& type = generator(GetParam());
  const auto source = type.make();
  TrafficConfig config;
  {
    const TestVeth veth;
    config = traffic_of(veth, type, {64, 1});
    config.from.ifindex = 4242;
    config.from.ipv4 = 0x0a000001;
    const auto started = source->start(config);
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().message, "");
    config = traffic_of(veth, type, {64, 1});
    ASSERT_TRUE(source->start(config));
    const std::string down = "ip -n " +
                             std::filesystem::path(config.from.netns_path).filename().string() +
                             " link set " + config.from.name + " down";
    ASSERT_EQ(std::system(down.c_str()), 0);
    source->open(TrafficSource::kNoLimit, 1000);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const auto closed = source->close();
    ASSERT_FALSE(closed);
    EXPECT_NE(closed.error().message.find("send on " + config.from.name), std::string::npos);
    source->stop();
  }
  EXPECT_FALSE(source->start(config));
}

TEST_P(Generators, StartAndStopLeaveNothingOpen) {
  const TestVeth veth;
  const GeneratorType& type = generator(GetParam());
  const auto source = type.make();
  const auto config = traffic_of(veth, type, {64, 20});
  const auto files = entries("/proc/self/fd");
  const auto threads = entries("/proc/self/task");
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(source->start(config));
    EXPECT_EQ(source->threads().size(), 1u);
    EXPECT_EQ(entries("/proc/self/task"), threads + 1);
    source->open(10);
    if (i % 2 == 0) (void)source->close();
    source->stop();
  }
  EXPECT_EQ(entries("/proc/self/fd"), files);
  EXPECT_EQ(entries("/proc/self/task"), threads);
}

// A device of the generator's namespace that keeps so many frames as its queue is long, until this
// side reads them, and takes no more.
class FullDevice {
 public:
  FullDevice(const TestVeth& veth, unsigned length) : port_(veth.generator()) {
    const auto inside = need(sys::NetnsScope::enter(port_.netns_path));
    fd_ = sys::Fd(open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
    ifreq request{};
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (!fd_ || ioctl(fd_.get(), TUNSETIFF, &request) != 0) throw std::runtime_error("make a tap");
    port_.name = request.ifr_name;
    port_.ifindex = need(sys::get_link(port_.name)).ifindex;
    const std::string set = fmt::format("ip -n {} link set dev {} txqueuelen {} up",
                                        std::filesystem::path(port_.netns_path).filename().string(),
                                        port_.name, length);
    if (std::system(set.c_str()) != 0) throw std::runtime_error(set);
  }
  const Port& port() const { return port_; }

  std::uint64_t take_all() const {
    std::uint64_t frames = 0;
    std::array<std::uint8_t, 2048> frame{};
    while (read(fd_.get(), frame.data(), frame.size()) > 0) ++frames;
    return frames;
  }

 private:
  Port port_;
  sys::Fd fd_;
};

TEST(XdpLive, CountsWhatTheDriverTookAndApartWhatItDidNot) {
  NEED_ROOT();
  const TestVeth veth;
  const FullDevice device(veth, 256);
  const GeneratorType& type = generator("xdp-live");
  auto config = traffic_of(veth, type, {64, 1});
  config.from = device.port();
  const auto source = type.make();
  const auto started = source->start(config);
  ASSERT_TRUE(started) << started.error().message;
  const SentCounters first = send_exactly(*source, 1000);
  EXPECT_EQ(first.packets, 256u);
  EXPECT_EQ(first.not_taken, 744u);
  EXPECT_EQ(first.bytes, first.packets * 60);
  EXPECT_EQ(device.take_all(), first.packets);
  const SentCounters second = send_exactly(*source, 100);
  EXPECT_EQ(second.packets, 356u);
  EXPECT_EQ(second.not_taken, 744u);
  EXPECT_EQ(device.take_all(), 100u);
}

INSTANTIATE_TEST_SUITE_P(All, Generators, ::testing::Values("packet-sendmmsg", "udp-sendmmsg"),
                         generator_name);

}  // namespace
}  // namespace pktbench::traffic
