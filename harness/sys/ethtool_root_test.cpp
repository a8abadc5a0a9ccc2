// Netlink and the ioctl side by side on the same devices. A seccomp filter in a thread of its own
// takes the other way from the code.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "harness/sys/ethtool.hpp"
#include "harness/sys/netdev_features.hpp"
#include "harness/testing/need_root.hpp"
#include "harness/testing/test_veth.hpp"

namespace pktbench::sys {
namespace {

using testing::need;

enum class Way { netlink, ioctl };

// From here on `call` fails with `error` in this thread where its argument `argument` is `value`.
void refuse(unsigned call, unsigned argument, unsigned value, unsigned error) {
  const auto at = static_cast<unsigned>(offsetof(seccomp_data, args) + argument * 8);
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(code), code};
  ASSERT_EQ(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), 0);
}

// What `work` comes to by one way alone.
template <class Work>
auto by(Way way, Work work) {
  std::optional<decltype(work())> result;
  std::thread([&] {
    if (way == Way::netlink)
      refuse(SYS_ioctl, 1, SIOCETHTOOL, EOPNOTSUPP);
    else
      refuse(SYS_socket, 2, NETLINK_GENERIC, EPROTONOSUPPORT);
    result = work();
  }).join();
  return *result;
}

template <class Get>
void expect_same(const std::string& device, Get get) {
  const auto netlink = by(Way::netlink, [&] { return get(device); });
  const auto ioctl = by(Way::ioctl, [&] { return get(device); });
  EXPECT_EQ(netlink.ok(), ioctl.ok()) << (netlink ? ioctl : netlink).error().message;
  if (netlink && ioctl) {
    EXPECT_EQ(*netlink, *ioctl);
  } else if (!netlink && !ioctl) {
    EXPECT_EQ(netlink.error().code, ioctl.error().code);
    EXPECT_EQ(netlink.error().message, ioctl.error().message);
  }
}

void expect_all_the_same(const std::string& device) {
  SCOPED_TRACE(device);
  expect_same(device, get_rings);
  expect_same(device, get_pause);
  expect_same(device, get_channels);
  expect_same(device, get_coalescing);
  expect_same(device, get_link_speed);
  expect_same(device, get_features);
  expect_same(device, get_offloads);
  for (const Offload which : {Offload::gro, Offload::tso, Offload::tx_checksum, Offload::lro})
    expect_same(device, [which](const std::string& name) { return get_offload(name, which); });
}

Fd make_tap(const std::string& name) {
  Fd tap(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  ifreq request{};
  name.copy(request.ifr_name, sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (!tap || ioctl(tap.get(), TUNSETIFF, &request) != 0) throw std::runtime_error("no tap");
  return tap;
}

class EthtoolTest : public ::testing::Test {
 protected:
  void SetUp() override {
    NEED_ROOT();
    veth_ = std::make_unique<testing::TestVeth>(4);
    inside_ = std::make_unique<NetnsScope>(need(NetnsScope::enter(veth_->dut().netns_path)));
    name_ = veth_->dut().name;
  }

  // `set`, by each way in turn, then `get` by both.
  template <class T, class Set, class Get>
  void expect_taken(const std::string& device, const std::vector<T>& values, Set set, Get get) {
    for (const Way way : {Way::netlink, Way::ioctl})
      for (const T& value : values) {
        const auto r = by(way, [&] { return set(device, value); });
        EXPECT_TRUE(r) << r.error().message;
        expect_same(device, get);
        EXPECT_EQ(need(get(device)), value);
      }
  }

  std::unique_ptr<testing::TestVeth> veth_;
  std::unique_ptr<NetnsScope> inside_;
  std::string name_;
};

TEST_F(EthtoolTest, EachWayIsReallyAlone) {
  EXPECT_FALSE(by(Way::netlink, [&] { return driver_info(name_); }));
  EXPECT_TRUE(by(Way::ioctl, [&] { return driver_info(name_); }));
  EXPECT_FALSE(by(Way::ioctl, [&] { return xdp_features(veth_->dut().ifindex); }));
}

TEST_F(EthtoolTest, BothWaysReadTheSame) {
  const Fd tap = make_tap("tap");
  for (const std::string device : {name_.c_str(), "tap", "lo"}) expect_all_the_same(device);
  EXPECT_EQ(need(get_channels(name_)).receiving(), 4u);
  EXPECT_EQ(need(get_link_speed(name_)).mbps, 10'000u);
  EXPECT_EQ(get_rings("lo").error().code, ErrorCode::unsupported);
  EXPECT_FALSE(need(get_offloads(name_)).empty());
}

TEST_F(EthtoolTest, AVethHasTheKernelsStampsAndNoneOfHardware) {
  const TimeStamping stamps = need(time_stamping(name_));
  EXPECT_EQ(stamps, (TimeStamping{.kernel = true}));
  EXPECT_EQ(stamps.no_hardware(), "its driver makes none");
  EXPECT_NE((TimeStamping{true, true, false, 0}).no_hardware(), "");
  EXPECT_NE((TimeStamping{true, true, true, -1}).no_hardware(), "");
  EXPECT_EQ((TimeStamping{true, true, true, 0}).no_hardware(), "");
}

// Whatever the host has, nothing of which is changed.
TEST_F(EthtoolTest, BothWaysReadTheSameOfTheHostsOwnDevices) {
  inside_.reset();
  for (const auto& device : std::filesystem::directory_iterator("/sys/class/net"))
    expect_all_the_same(device.path().filename());
}

TEST_F(EthtoolTest, WhatOneWaySetsBothRead) {
  const Fd tap = make_tap("tap");
  const Channels four = need(get_channels(name_));
  Channels two = four;
  two.rx = two.tx = 2;
  expect_taken<Channels>(name_, {two, four}, set_channels, get_channels);

  const Coalescing none = need(get_coalescing("tap"));
  Coalescing some = none;
  some.rx_frames = 16;
  expect_taken<Coalescing>("tap", {some, none}, set_coalescing, get_coalescing);

  for (const Offload which : {Offload::gro, Offload::tso, Offload::tx_checksum})
    expect_taken<bool>(
        name_, {false, true},
        [which](const std::string& device, bool on) { return set_offload(device, which, on); },
        [which](const std::string& device) { return get_offload(device, which); });

  const auto words = need(get_features(name_));
  need(set_offload(name_, Offload::tso, false));
  need(set_offload(name_, Offload::gro, false));
  const auto fewer = need(get_features(name_));
  ASSERT_NE(words, fewer);
  expect_taken<std::vector<std::uint32_t>>(name_, {words, fewer}, set_features, get_features);
}

TEST_F(EthtoolTest, WhatTheDriverCannotDoIsRefusedByBothWays) {
  const Fd tap = make_tap("tap");
  for (const Way way : {Way::netlink, Way::ioctl}) {
    const auto refused = [&](auto work) { return !by(way, work); };
    EXPECT_TRUE(refused([&] { return set_rings(name_, {64, 64, 0, 0}); }));
    EXPECT_TRUE(refused([&] { return set_pause(name_, {}); }));
    EXPECT_TRUE(refused([&] { return set_channels(name_, {5, 5, 0, 5, 5, 0}); }));
    EXPECT_TRUE(refused([&] { return set_coalescing("tap", {.rx_usecs = 10}); }));
    EXPECT_TRUE(refused([&] { return set_offload("lo", Offload::lro, true); }));
    EXPECT_TRUE(refused([&] { return get_features("none"); }));
    EXPECT_TRUE(refused([&] { return get_channels(std::string(40, 'x')); }));
  }
}

// Sets `wanted` by each way, and what was there again. Whether the device took it by both alike.
template <class T, class Set, class Get>
bool taken_alike(const std::string& device, T wanted, Set set, Get get) {
  const T before = need(get(device));
  std::vector<std::pair<bool, T>> outcomes;
  for (const Way way : {Way::netlink, Way::ioctl}) {
    const bool taken = by(way, [&] { return set(device, wanted); }).ok();
    expect_same(device, get);
    outcomes.emplace_back(taken, need(get(device)));
    if (!(outcomes.back().second == before)) need(set(device, before));
  }
  EXPECT_EQ(outcomes.front(), outcomes.back()) << device;
  return outcomes.front() == std::pair(true, wanted);
}

// The guest's cards have what no virtual device of the host has.
TEST(EthtoolNicTest, CardsTakeTheSameByBothWays) {
  const char* cards = std::getenv("PKTBENCH_TEST_CARDS");
  if (!cards) GTEST_SKIP() << "PKTBENCH_TEST_CARDS names no card whose settings may change";
  int rings = 0, pause = 0, coalescing = 0;
  std::istringstream names(cards);
  for (std::string card; names >> card;) {
    SCOPED_TRACE(card);
    expect_all_the_same(card);
    if (auto r = get_rings(card)) {
      r->rx = r->tx = 128;
      rings += taken_alike(card, *r, set_rings, get_rings);
    }
    if (auto p = get_pause(card)) {
      p->autoneg = false;
      p->rx = !p->rx;
      pause += taken_alike(card, *p, set_pause, get_pause);
    }
    if (auto c = get_coalescing(card)) {
      c->rx_usecs += 50;
      coalescing += taken_alike(card, *c, set_coalescing, get_coalescing);
    }
  }
  std::printf("taken: rings of %d cards, pause of %d, coalescing of %d\n", rings, pause,
              coalescing);
  EXPECT_TRUE(rings && pause && coalescing);
}

}  // namespace
}  // namespace pktbench::sys
