#include "harness/measure/cpu_distance.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
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

class CpuDistanceRule : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "cpu_distance_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  void put(const std::string& text) { std::ofstream(dir_ + "/cpu_distance-0-1") << text; }
  std::string remembered() const {
    std::string text;
    std::ifstream(dir_ + "/cpu_distance-0-1") >> text;
    return text;
  }
  static DisturbanceReading reading(double ns, double near_ns) {
    return {{{"ns", ns}, {"near_ns", near_ns}}, {}};
  }

  std::string dir_;
};

TEST_F(CpuDistanceRule, IsBrokenByEitherReadingAboveTheLimit) {
  const auto source = cpu_distance_source(0, 1, dir_);
  EXPECT_EQ(source->name(), "cpu_distance");
  const DisturbanceLimits limits{1, 3};
  const auto near = source->judge(reading(90, 90), reading(240, 80), limits);
  EXPECT_EQ(near.evidence,
            (std::map<std::string, double>{{"before_ns", 90}, {"after_ns", 240}, {"near_ns", 80}}));
  EXPECT_TRUE(near.reasons.empty());
  const auto after = source->judge(reading(90, 80), reading(241, 80), limits);
  ASSERT_EQ(after.reasons.size(), 1u);
  EXPECT_EQ(after.reasons[0],
            "a cache line took 241 ns between CPU 0 and CPU 1 and back, and takes 80 where they "
            "are near (" +
                dir_ + "/cpu_distance-0-1); the limit is max_cpu_distance");
  EXPECT_EQ(source->judge(reading(400, 400), reading(90, 90), limits).reasons.size(), 1u);
  EXPECT_TRUE(source->judge(reading(900, 80), reading(900, 80), {1, 0}).reasons.empty());
}

TEST_F(CpuDistanceRule, NearIsTheLowestDecileOfTheLastThousand) {
  double ns = 90.5;
  const auto source = [&] {
    return cpu_distance_source(0, 1, dir_, [&](int, int) { return Result<double>(ns); });
  };
  const auto near_after = [&](int readings, double of, DisturbanceSource& one) {
    ns = of;
    double near_ns = 0;
    for (int i = 0; i < readings; ++i) near_ns = one.read().values.at("near_ns");
    return near_ns;
  };
  EXPECT_EQ(source()->read().values,
            (std::map<std::string, double>{{"ns", 90.5}, {"near_ns", 90.5}}));
  EXPECT_EQ(remembered(), "90.5");

  // It outlives the run.
  const auto later = source();
  EXPECT_EQ(near_after(1, 271.5, *later), 90.5);
  EXPECT_EQ(later->unrest({1, 3}), "");
  ns = 272;
  EXPECT_NE(later->unrest({1, 3}), "");
  EXPECT_EQ(later->unrest({1, 0}), "");

  // Moments that are nearer still are not what the others are held against.
  const auto other = source();
  EXPECT_EQ(near_after(900, 90, *other), 90);
  EXPECT_EQ(near_after(90, 30, *other), 90);
  EXPECT_EQ(near_after(20, 30, *other), 30);
  // And what is past is forgotten.
  EXPECT_EQ(near_after(880, 400, *other), 30);
  EXPECT_EQ(near_after(120, 400, *other), 400);
  std::ifstream file(dir_ + "/cpu_distance-0-1");
  EXPECT_EQ(std::distance(std::istream_iterator<double>(file), {}), 1000);
}

TEST_F(CpuDistanceRule, WaitingDoesNotMakeALongDistanceTheUsualOne) {
  double ns = 40;
  const auto source = cpu_distance_source(0, 1, dir_, [&](int, int) { return Result<double>(ns); });
  // A host that is new is known after a few looks, whatever the first one was.
  source->read();
  ns = 220;
  int looks = 1;
  while (!source->unrest({1, 3}).empty() && looks < 100) ++looks;
  EXPECT_EQ(looks, 9);
  for (int i = 0; i < 1000; ++i) source->read();
  ns = 700;
  for (int i = 0; i < 2000; ++i) ASSERT_NE(source->unrest({1, 3}), "");
}

TEST_F(CpuDistanceRule, WhatCannotBeMeasuredIsMissingAndNoUnrest) {
  const auto source = cpu_distance_source(0, 1, dir_, [](int, int) -> Result<double> {
    return make_error(ErrorCode::failed, "no cache line came back");
  });
  EXPECT_EQ(source->read().missing, "no cache line came back");
  EXPECT_EQ(source->unrest({1, 3}), "");
  EXPECT_EQ(remembered(), "");
}

TEST_F(CpuDistanceRule, AFileThatIsNoDistanceIsPassedOver) {
  for (const char* text : {"", "near", "0", "-5"}) {
    put(text);
    const auto read =
        cpu_distance_source(0, 1, dir_, [](int, int) { return Result<double>(90); })->read();
    EXPECT_EQ(read.values.at("near_ns"), 90) << text;
  }
}

TEST_F(CpuDistanceRule, IsMissingForOneCpuWithTheReason) {
  const auto reading = cpu_distance_source(3, 3, dir_)->read();
  EXPECT_EQ(reading.missing, "the generator and the DUT share CPU 3");
}

TEST(CpuDistanceOfOne, ACpuThatIsNotThereIsAnError) { EXPECT_FALSE(cpu_distance_ns(100'000, 0)); }

}  // namespace
}  // namespace pktbench::measure
