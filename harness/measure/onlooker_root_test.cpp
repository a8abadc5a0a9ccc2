// The onlooker on a veth pair: what it sees, and that the ports count every frame.
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "bpf/frame.h"
#include "harness/measure/onlooker.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/testing/need_root.hpp"
#include "harness/testing/test_veth.hpp"

namespace pktbench::measure {
namespace {

using testing::need;

constexpr std::uint32_t kTag = 0x00c0ffee;

class RealClock final : public Clock {
 public:
  std::uint64_t now_ns() override { return sys::monotonic_ns(); }
  ClockReading read() override { return {now_ns(), now_ns()}; }
  std::string reference() const override { return "itself"; }
  void sleep_ns(std::uint64_t ns, const StopFlag&) override {
    const timespec t{0, static_cast<long>(ns)};
    nanosleep(&t, nullptr);
  }
};

std::vector<std::uint8_t> frame(std::uint16_t type, std::uint8_t sender, std::uint32_t tag = 0) {
  std::vector<std::uint8_t> made(PB_MIN_LEN);
  made[0] = made[6] = 2;
  made[11] = sender;
  made[12] = static_cast<std::uint8_t>(type >> 8);
  made[13] = static_cast<std::uint8_t>(type);
  for (int i = 0; i < 4 && tag != 0; ++i) {
    made[PB_OFF_TAG + i] = static_cast<std::uint8_t>(PB_TAG_MAGIC >> (24 - 8 * i));
    made[PB_OFF_TAG + 4 + i] = static_cast<std::uint8_t>(tag >> (24 - 8 * i));
  }
  return made;
}

sys::Fd socket_on(const Port& port) {
  const auto inside = need(sys::NetnsScope::enter(port.netns_path));
  sys::Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  sockaddr_ll here{};
  here.sll_family = AF_PACKET;
  here.sll_ifindex = static_cast<int>(port.ifindex);
  EXPECT_EQ(bind(socket.get(), reinterpret_cast<sockaddr*>(&here), sizeof here), 0);
  return socket;
}

class OnlookerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    NEED_ROOT();
    veth_.emplace();
  }
  std::optional<testing::TestVeth> veth_;
  RealClock clock_;
  StopFlag stop_{false};
};

TEST_F(OnlookerTest, NamesWhatIsReceivedByKindAndNotWhatIsSent) {
  const sys::Fd there = socket_on(veth_->generator());
  const sys::Fd here = socket_on(veth_->dut());
  std::atomic<bool> done{false};
  std::thread sender([&] {
    while (!done) {
      for (const auto& bytes :
           {frame(0x86dd, 1), frame(0x88cc, 2), frame(0x0800, 3, kTag), frame(0x0800, 4, kTag + 1)})
        (void)send(there.get(), bytes.data(), bytes.size(), 0);
      const auto out = frame(0x1234, 5);
      (void)send(here.get(), out.data(), out.size(), 0);
      usleep(1000);
    }
  });
  const Onlooker look = look_at(veth_->dut(), kTag, clock_, stop_);
  done = true;
  sender.join();
  EXPECT_EQ(look.failed, "");
  ASSERT_EQ(look.seen.size(), 3u) << kinds_text(look);
  EXPECT_GT(look.own, 0u);
  auto kind = look.seen.begin();
  EXPECT_EQ(kind->first, (FrameKind{0x0800, 0, {2, 0, 0, 0, 0, 4}, kTag + 1}));
  EXPECT_EQ((++kind)->first, (FrameKind{0x86dd, 0, {2, 0, 0, 0, 0, 1}, 0}));
  EXPECT_EQ((++kind)->first, (FrameKind{0x88cc, 0, {2, 0, 0, 0, 0, 2}, 0}));
}

TEST_F(OnlookerTest, ADeviceThatIsNotThereIsSaid) {
  Port gone = veth_->dut();
  gone.ifindex += 1000;
  const Onlooker look = look_at(gone, kTag, clock_, stop_);
  EXPECT_NE(look.failed, "");
  EXPECT_TRUE(look.seen.empty());
}

TEST_F(OnlookerTest, ThePortsCountEveryFrame) {
  const sys::Fd there = socket_on(veth_->generator());
  const PortFrames before = port_frames(veth_->generator(), veth_->dut());
  ASSERT_TRUE(before.received && before.sent);
  const auto bytes = frame(0x86dd, 1);
  for (int i = 0; i < 50; ++i)
    ASSERT_EQ(send(there.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  PortFrames after;
  for (int tries = 0; tries < 5000; ++tries) {
    after = port_frames(veth_->generator(), veth_->dut());
    if (*after.received >= *before.received + 50) break;
    usleep(1000);
  }
  EXPECT_EQ(*after.received - *before.received, 50u);
  EXPECT_EQ(*after.sent - *before.sent, 50u);
}

}  // namespace
}  // namespace pktbench::measure
