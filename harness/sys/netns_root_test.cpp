#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "harness/sys/detached_mount.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/testing/need_root.hpp"

namespace pktbench::sys {
namespace {

ino_t current_namespace() {
  struct stat st {};
  stat("/proc/thread-self/ns/net", &st);
  return st.st_ino;
}

// As sysfs shows them.
std::vector<std::string> devices_of(const std::string& netns) {
  std::vector<std::string> devices;
  const auto listed = with_sysfs_of(netns, [&](const std::string& sysfs) -> Result<void> {
    for (const auto& device : entries_of(sysfs + "/class/net"))
      devices.push_back(device.filename());
    return {};
  });
  EXPECT_TRUE(listed) << listed.error().message;
  return devices;
}

class NetnsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    NEED_ROOT();
    name_ = "pktbench-systest-" + std::to_string(getpid());
    auto made = create_netns(name_);
    ASSERT_TRUE(made) << made.error().message;
  }
  void TearDown() override {
    if (name_.empty()) return;
    EXPECT_TRUE(delete_netns(name_));
  }
  std::string name_;
};

TEST(NetnsFolder, IsMadeForAllToReadWhateverTheUmask) {
  NEED_ROOT();
  if (std::filesystem::exists(kNetnsDir)) GTEST_SKIP() << kNetnsDir << " was there before";
  const std::string name = "pktbench-systest-" + std::to_string(getpid());
  const mode_t before = umask(077);
  const auto made = create_netns(name);
  umask(before);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(std::filesystem::status(kNetnsDir).permissions(), std::filesystem::perms(0755));
  EXPECT_TRUE(delete_netns(name));
}

TEST_F(NetnsTest, ATakenNameIsRefused) {
  auto again = create_netns(name_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().sys_errno, EEXIST);
  EXPECT_TRUE(netns_exists(name_));
}

TEST_F(NetnsTest, AScopeEntersAndReturns) {
  const ino_t home = current_namespace();
  {
    auto inside = NetnsScope::enter(netns_path(name_));
    ASSERT_TRUE(inside);
    EXPECT_NE(current_namespace(), home);
  }
  EXPECT_EQ(current_namespace(), home);
}

TEST_F(NetnsTest, AMissingNamespaceIsAnErrorAndChangesNothing) {
  const ino_t home = current_namespace();
  EXPECT_FALSE(NetnsScope::enter("/run/netns/pktbench-no-such"));
  EXPECT_EQ(current_namespace(), home);
}

TEST_F(NetnsTest, DeletingTwiceIsNoError) {
  EXPECT_TRUE(delete_netns(name_));
  EXPECT_FALSE(netns_exists(name_));
  EXPECT_TRUE(delete_netns(name_));
}

TEST_F(NetnsTest, SysfsOfTheNamespaceThatIsMountedAlreadyIsReadWhereItIs) {
  std::thread([&] {
    auto inside = NetnsScope::enter(netns_path(name_));
    ASSERT_TRUE(inside);
    ASSERT_EQ(unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(mount("", "/", "none", MS_SLAVE | MS_REC, nullptr), 0);
    ASSERT_EQ(mount("sysfs", "/sys", "sysfs", 0, nullptr), 0);
    EXPECT_EQ(devices_of(""), std::vector<std::string>{"lo"});
  }).join();
}

// A mount that is attached needs a namespace of mounts that is private, and only a root that is a
// mount can be made so.
TEST_F(NetnsTest, SysfsIsReadInAPlainChroot) {
  std::string root = (std::filesystem::temp_directory_path() / "pktbench-chroot-XXXXXX").string();
  ASSERT_NE(mkdtemp(root.data()), nullptr);
  ASSERT_TRUE(std::filesystem::create_directory(root + "/proc"));
  const std::string netns = netns_path(name_);
  std::thread([&] {
    const Fd inside(open(netns.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(mount("", "/", "none", MS_SLAVE | MS_REC, nullptr), 0);
    ASSERT_EQ(mount("proc", (root + "/proc").c_str(), "proc", 0, nullptr), 0);
    ASSERT_EQ(chroot(root.c_str()), 0);
    ASSERT_EQ(chdir("/"), 0);
    ASSERT_NE(mount("", "/", "none", MS_SLAVE | MS_REC, nullptr), 0) << "the root is a mount";
    EXPECT_EQ(devices_of(fmt::format("/proc/self/fd/{}", inside.get())),
              std::vector<std::string>{"lo"});
  }).join();
  std::filesystem::remove_all(root);
}

TEST_F(NetnsTest, WhatFailsInThatSysfsIsNamedAsTheReaderKnowsIt) {
  const auto read = with_sysfs_of(netns_path(name_), [](const std::string& sysfs) -> Result<void> {
    auto text = read_file(sysfs + "/class/net/none/mtu");
    return text ? Result<void>() : Result<void>(text.error());
  });
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("/sys/class/net/none/mtu"), std::string::npos)
      << read.error().message;
}

TEST_F(NetnsTest, AVethPairComesUpWithItsQueuesAndOffloads) {
  Fd here(open(netns_path(name_).c_str(), O_RDONLY | O_CLOEXEC));
  auto inside = NetnsScope::enter(netns_path(name_));
  ASSERT_TRUE(inside);
  auto made = create_veth_pair("one", "two", here.get(), 2);
  ASSERT_TRUE(made) << made.error().message;
  for (const char* name : {"one", "two"}) {
    auto link = get_link(name);
    ASSERT_TRUE(link);
    EXPECT_EQ(link->name, name);
    EXPECT_EQ(link->xdp_program_id, 0u);
    EXPECT_TRUE(set_link_up(link->ifindex));
    EXPECT_TRUE(set_offload(name, Offload::gro, true));
    EXPECT_TRUE(set_offload(name, Offload::tso, false));
  }
  EXPECT_TRUE(get_link("one")->carrier);
  auto statistics = driver_statistics("two");
  ASSERT_TRUE(statistics);
  EXPECT_TRUE(statistics->contains("rx_queue_1_xdp_packets"));
  EXPECT_FALSE(get_link("three"));
}

}  // namespace
}  // namespace pktbench::sys
