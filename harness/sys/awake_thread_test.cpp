#include "harness/sys/awake_thread.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "harness/sys/cpu.hpp"

namespace pktbench::sys {
namespace {

bool lives(pid_t thread) {
  return std::filesystem::exists("/proc/self/task/" + std::to_string(thread));
}

TEST(AwakeThreadOfACpu, IsOnThatCpuAloneGivesWayToAllAndIsOne) {
  const int cpu = allowed_cpus().back();
  auto awake = AwakeThread::on(cpu);
  ASSERT_TRUE(awake) << awake.error().message;
  const pid_t thread = (*awake)->tid();
  EXPECT_EQ(allowed_cpus(thread), std::vector{cpu});
  EXPECT_EQ(sched_getscheduler(thread), SCHED_IDLE);
  auto same = AwakeThread::on(cpu);
  ASSERT_TRUE(same);
  EXPECT_EQ((*same)->tid(), thread);
  awake->reset();
  EXPECT_TRUE(lives(thread));
  same->reset();
  EXPECT_FALSE(lives(thread));
}

TEST(AwakeThreadOfACpu, EndsAlsoWhereItNeverGetsTheCpu) {
  const int cpu = allowed_cpus().back();
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    ASSERT_TRUE(pin_thread(0, cpu));
    while (!stop) {
    }
  });
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(AwakeThread::on(cpu));
  stop = true;
  busy.join();
}

TEST(AwakeThreadOfACpu, ACpuThatThisProcessHasNotIsAnError) {
  EXPECT_FALSE(AwakeThread::on(100'000));
}

}  // namespace
}  // namespace pktbench::sys
