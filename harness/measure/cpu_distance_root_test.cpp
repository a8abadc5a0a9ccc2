#include <gtest/gtest.h>
#include <sched.h>

#include <cerrno>
#include <cstring>
#include <latch>
#include <thread>

#include "harness/measure/cpu_distance.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/testing/need_root.hpp"

namespace pktbench::measure {
namespace {

TEST(CpuDistance, WaitsForACpuThatOthersHaveForAWhile) {
  NEED_ROOT();
  const auto cpus = sys::allowed_cpus();
  if (cpus.size() < 2) GTEST_SKIP() << "needs two CPUs";
  constexpr std::uint64_t kHeldNs = 200'000'000;
  std::latch held{1};
  int error = 0;
  const std::uint64_t began = sys::monotonic_ns();
  std::thread other([&] {
    const sched_param first{.sched_priority = 1};
    if (!sys::pin_thread(0, cpus.back()) || sched_setscheduler(0, SCHED_FIFO, &first) != 0)
      error = errno;
    const std::uint64_t until = sys::monotonic_ns() + kHeldNs;
    held.count_down();
    while (error == 0 && sys::monotonic_ns() < until) {
    }
  });
  held.wait();
  const auto ns = cpu_distance_ns(cpus.front(), cpus.back());
  const std::uint64_t took = sys::monotonic_ns() - began;
  other.join();
  ASSERT_EQ(error, 0) << std::strerror(error);
  ASSERT_TRUE(ns) << ns.error().message;
  EXPECT_GT(*ns, 5);
  EXPECT_LT(*ns, 5000);
  EXPECT_GT(took, kHeldNs);
}

}  // namespace
}  // namespace pktbench::measure
