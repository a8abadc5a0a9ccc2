#include "harness/measure/cpu_distance.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "harness/sys/cpu.hpp"

namespace pktbench::measure {
namespace {

// Ten times the longest seen. With the longest burst instead of the least it was 11,000.
constexpr double kMost = 5000;

class CpuDistance : public ::testing::Test {
 protected:
  void SetUp() override {
    cpus_ = sys::allowed_cpus();
    if (cpus_.size() < 2) GTEST_SKIP() << "needs two CPUs";
  }
  std::vector<int> cpus_;
};

TEST_F(CpuDistance, IsThatOfACacheLine) {
  // Other tests run beside this one: the two threads may miss each other for a while.
  auto ns = cpu_distance_ns(cpus_.front(), cpus_.back());
  for (int tries = 1; !ns && tries < 3; ++tries) ns = cpu_distance_ns(cpus_.front(), cpus_.back());
  ASSERT_TRUE(ns) << ns.error().message;
  EXPECT_GT(*ns, 5);
  EXPECT_LT(*ns, kMost);
}

TEST_F(CpuDistance, OthersOnTheCpuDoNotLengthenIt) {
  std::atomic<bool> stop{false};
  std::thread spinner([&] {
    ASSERT_TRUE(sys::pin_thread(0, cpus_.back()));
    while (!stop) {
    }
  });
  const auto ns = cpu_distance_ns(cpus_.front(), cpus_.back());
  stop = true;
  spinner.join();
  // Where the two never met within the limit there is no figure, and not a long one.
  if (ns) {
    EXPECT_LT(*ns, kMost);
  } else {
    EXPECT_NE(ns.error().message.find("no cache line came back"), std::string::npos);
  }
}

DisturbanceReading reading(double ns) { return {{{"ns", ns}}, {}}; }

TEST(CpuDistanceRule, IsBrokenByAChangeEitherWay) {
  const auto source = cpu_distance_source(0, 1);
  EXPECT_EQ(source->name(), "cpu_distance");
  const DisturbanceLimits limits{1, 2};
  const auto same = source->judge(reading(90), reading(180), limits);
  EXPECT_EQ(same.evidence, (std::map<std::string, double>{{"before_ns", 90}, {"after_ns", 180}}));
  EXPECT_TRUE(same.reasons.empty());
  const auto longer = source->judge(reading(90), reading(420), limits);
  ASSERT_EQ(longer.reasons.size(), 1u);
  EXPECT_EQ(longer.reasons[0],
            "a cache line took 90 ns between CPU 0 and CPU 1 and back before the window and 420 "
            "after it");
  EXPECT_EQ(source->judge(reading(420), reading(90), limits).reasons.size(), 1u);
  EXPECT_TRUE(source->judge(reading(420), reading(90), {1, 0}).reasons.empty());
}

TEST(CpuDistanceRule, WhatLastsIsNoDisturbanceHoweverFar) {
  const auto source = cpu_distance_source(0, 1, [](int, int) { return Result<double>(5000); });
  const auto before = source->read();
  EXPECT_TRUE(source->judge(before, source->read(), {1, 2}).reasons.empty());
}

TEST(CpuDistanceRule, WhatCannotBeMeasuredIsMissingWithTheReason) {
  EXPECT_EQ(cpu_distance_source(0, 1,
                                [](int, int) -> Result<double> {
                                  return make_error(ErrorCode::failed, "no cache line came back");
                                })
                ->read()
                .missing,
            "no cache line came back");
  EXPECT_EQ(cpu_distance_source(3, 3)->read().missing, "the generator and the DUT share CPU 3");
}

TEST(CpuDistanceOfOne, ACpuThatIsNotThereIsAnError) { EXPECT_FALSE(cpu_distance_ns(100'000, 0)); }

}  // namespace
}  // namespace pktbench::measure
