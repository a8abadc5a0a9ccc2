// On a veth pair in a network namespace of this test's own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <thread>
#include <utility>

#include "harness/sys/fd.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/undo/change.hpp"
#include "harness/undo/device_setting.hpp"
#include "harness/undo/journal.hpp"
#include "harness/undo/port_state.hpp"

namespace pktbench::undo {
namespace {

constexpr const char* kDevice = "pbset0";

// A thread of its own, which leaves the namespace by ending.
void on_a_pair(const std::function<void()>& work) {
  std::string why;
  std::thread([&] {
    if (unshare(CLONE_NEWNET) != 0) {
      why = std::strerror(errno);
      return;
    }
    const sys::Fd here(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    const auto made = sys::create_veth_pair(kDevice, "pbset1", here.get(), 2);
    ASSERT_TRUE(made) << made.error().message;
    work();
  }).join();
  if (!why.empty()) GTEST_SKIP() << "needs root: " << why;
}

TEST(DeviceSettingRoot, IsSetReadBackAndUndone) {
  const std::pair<const char*, const char*> cases[] = {{"mtu", "1400"},
                                                       {"tso", "off"},
                                                       {"tx-checksum", "off"},
                                                       {"gro", "on"},
                                                       {"channels", "rx=1 tx=1 combined=0"},
                                                       {"napi_defer_hard_irqs", "7"},
                                                       {"gro_flush_timeout", "2000"},
                                                       {"rps", "rx-0=1 rx-1=0"},
                                                       {"xps", "tx-0=1 tx-1=0"}};
  on_a_pair([&] {
    for (const auto& [setting, value] : cases) {
      const auto before = get_device_setting(kDevice, setting);
      ASSERT_TRUE(before) << before.error().message;
      ASSERT_NE(*before, value) << setting;
      const auto entry = device_setting(kDevice, setting).entry(*before);
      ASSERT_TRUE(entry);
      const auto set = set_device_setting(kDevice, setting, value);
      EXPECT_TRUE(set) << set.error().message;
      EXPECT_EQ(*get_device_setting(kDevice, setting), value);
      EXPECT_TRUE(undo(*entry)) << setting;
      EXPECT_EQ(*get_device_setting(kDevice, setting), *before) << setting;
    }
  });
}

std::string after_giving_back(PortState state, const char* setting, const std::string& was) {
  state.settings[setting] = was;
  const auto given = give_port_back(state);
  return given ? "" : given.error().message;
}

TEST(DeviceSettingRoot, AQueueThatIsNoMoreIsNothingToGiveBack) {
  on_a_pair([] {
    const auto state = read_port_state(kDevice);
    ASSERT_TRUE(state) << state.error().message;
    EXPECT_EQ(after_giving_back(*state, "rps", "rx-0=1 rx-10=0 rx-1=1"), "");
    EXPECT_EQ(*get_device_setting(kDevice, "rps"), "rx-0=1 rx-1=1");
    EXPECT_EQ(after_giving_back(*state, "rps", "rx-0=1"),
              "pbset0 is not as it was: rps is \"rx-0=1 rx-1=1\", was \"rx-0=1\"");
  });
}

TEST(DeviceSettingRoot, WhatIsNoValueOfItIsRefused) {
  on_a_pair([] {
    for (const char* value : {"rx=1 tx=1", "rx=1 tx=1 combined=x", "", "off"})
      EXPECT_EQ(set_device_setting(kDevice, "channels", value).error().message,
                std::string("channels of ") + kDevice + " cannot be \"" + value + "\"");
    EXPECT_EQ(get_device_setting(kDevice, "rings").error().code, ErrorCode::unsupported);
    EXPECT_EQ(get_device_setting(kDevice, "irqs").error().code, ErrorCode::unsupported);
    EXPECT_FALSE(get_device_setting(kDevice, "colour"));
    EXPECT_FALSE(undo({"device", kDevice, "{}"}));
  });
}

TEST(DeviceSettingRoot, OfADeviceOfTheSameNameIsLeftAlone) {
  on_a_pair([] {
    auto entry = device_setting(kDevice, "mtu").entry("1300");
    ASSERT_TRUE(entry);
    const auto at = entry->value.find("\"ifindex\":");
    entry->value.insert(at + std::strlen("\"ifindex\":"), "9");
    EXPECT_TRUE(undo(*entry));
    EXPECT_EQ(*get_device_setting(kDevice, "mtu"), "1500");
  });
}

TEST(NetworkNamespaceRoot, IsMadeOnceAndTheirsIsNotUndone) {
  const std::string dir =
      ::testing::TempDir() + "pktbench-netns-change-" + std::to_string(getpid());
  const std::string name = "pbchange-" + std::to_string(getpid());
  auto journal = Journal::create(dir);
  ASSERT_TRUE(journal) << journal.error().message;
  const auto made = apply(network_namespace(name), kThere, &*journal);
  ASSERT_TRUE(made);
  if (!made->failed.empty()) GTEST_SKIP() << "needs root: " << made->failed;
  EXPECT_TRUE(sys::netns_exists(name));
  // Another run finds it, and would not undo it.
  const auto again = apply(network_namespace(name), kThere, &*journal);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->before, kThere);
  EXPECT_EQ(journal->size(), 1u);
  ASSERT_TRUE(journal->undo_all());
  EXPECT_FALSE(sys::netns_exists(name));
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace pktbench::undo
