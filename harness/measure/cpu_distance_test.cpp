#include "harness/measure/cpu_distance.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

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
  const auto ns = cpu_distance_ns(cpus_.front(), cpus_.back());
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

TEST_F(CpuDistance, TheSourceGivesBothReadingsAndNoRule) {
  const auto source = cpu_distance_source(cpus_.front(), cpus_.back());
  EXPECT_EQ(source->name(), "cpu_distance");
  const auto found = source->judge({{{"ns", 90}}, {}}, {{{"ns", 450}}, {}}, 1);
  EXPECT_EQ(found.evidence, (std::map<std::string, double>{{"before_ns", 90}, {"after_ns", 450}}));
  EXPECT_TRUE(found.reasons.empty());
}

TEST(CpuDistanceOfOne, IsMissingWithTheReason) {
  const auto reading = cpu_distance_source(3, 3)->read();
  EXPECT_EQ(reading.missing, "the generator and the DUT share CPU 3");
}

TEST(CpuDistanceOfOne, ACpuThatIsNotThereIsAnError) { EXPECT_FALSE(cpu_distance_ns(100'000, 0)); }

}  // namespace
}  // namespace pktbench::measure
