#include "harness/sys/cpu_latency.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "harness/sys/cpu.hpp"
#include "harness/sys/file.hpp"

namespace pktbench::sys {
namespace {

class CpuLatency : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "cpu_latency_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  std::string root_;
};

TEST_F(CpuLatency, WhatIsMissingForPollingIsSaid) {
  const std::string state = "/sys/devices/system/cpu/cpu3/cpuidle/state0/name";
  EXPECT_EQ(cannot_poll_when_idle(3, root_), "there is no /dev/cpu_dma_latency");
  put("/dev/cpu_dma_latency", "");
  EXPECT_EQ(cannot_poll_when_idle(3, root_),
            "this kernel has no idle states to choose from: no " + root_ + state);
  put(state, "C1\n");
  EXPECT_EQ(cannot_poll_when_idle(3, root_),
            "the first idle state of this kernel is C1 and does not poll");
  put(state, "POLL\n");
  EXPECT_EQ(cannot_poll_when_idle(3, root_), "");
}

// By the kernel's own count of how often the idle loop entered its other states.
TEST(CpuLatencyOfThisHost, NoCpuSleepsWhileItIsHeldAndAllMayAfterwards) {
  // Of all CPUs: other tests may keep one busy all the while.
  const std::vector<int> cpus = allowed_cpus();
  for (int cpu : cpus)
    if (const std::string why = cannot_poll_when_idle(cpu); !why.empty()) GTEST_SKIP() << why;
  const auto sleeps = [&] {
    double usage = 0;
    for (int cpu : cpus)
      for (const auto& state : std::filesystem::directory_iterator(
               "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cpuidle"))
        if (state.path().filename() != "state0")
          usage += std::stod(*read_file(state.path().string() + "/usage"));
    return usage;
  };
  const auto wait = [] { std::this_thread::sleep_for(std::chrono::milliseconds(300)); };
  {
    auto held = hold_idle_polling();
    if (!held && held.error().sys_errno == EACCES) GTEST_SKIP() << held.error().message;
    ASSERT_TRUE(held) << held.error().message;
    EXPECT_TRUE(idle_polling_is_held());
    wait();
    const double before = sleeps();
    wait();
    EXPECT_EQ(sleeps(), before);
  }
  // Others may hold it as well, and then no CPU sleeps.
  if (idle_polling_is_held()) return;
  const double before = sleeps();
  for (int i = 0; i < 100 && sleeps() == before; ++i) wait();
  EXPECT_GT(sleeps(), before);
}

}  // namespace
}  // namespace pktbench::sys
