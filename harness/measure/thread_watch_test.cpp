#include "harness/measure/thread_watch.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "harness/sys/cpu.hpp"

namespace pktbench::measure {
namespace {

// Says of each thread what it was told.
class ToldMeter final : public CpuMeter {
 public:
  Result<void> start(const std::vector<int>&) override { return {}; }
  Result<void> set_roles(const CpuRoles&) override { return {}; }
  Result<CpuSample> sample() override { return CpuSample{}; }
  std::optional<ThreadEvents> thread_events(pid_t tid) override {
    const auto found = events.find(tid);
    return found == events.end() ? std::nullopt : std::optional(found->second);
  }
  Result<void> pause() override { return {}; }
  Result<void> resume() override { return {}; }
  std::string cycles_source() const override { return "tsc"; }
  std::string cycles_source_reason() const override { return "none"; }
  double tsc_hz() const override { return 1; }

  std::map<pid_t, ThreadEvents> events;
};

class ThreadWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    thread_ = std::thread([this] {
      tid_ = sys::current_tid();
      while (!stop_) std::this_thread::yield();
    });
    while (tid_ == 0) std::this_thread::yield();
    id_ = std::to_string(tid_);
    cpu_ = sys::allowed_cpus().back();
    ASSERT_TRUE(sys::pin_thread(tid_, cpu_));
  }
  void TearDown() override {
    stop_ = true;
    thread_.join();
  }

  DisturbanceFinding found(CpuClass role, const std::function<void()>& change) {
    source_->watch({{}, {{tid_, role}}});
    const DisturbanceReading before = source_->read();
    change();
    return source_->judge(before, source_->read(), {1.0, 0});
  }

  ToldMeter meter_;
  std::unique_ptr<DisturbanceSource> source_ = thread_source(meter_);
  std::atomic<pid_t> tid_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
  std::string id_;
  int cpu_ = 0;
};

using Reasons = std::vector<std::string>;

TEST_F(ThreadWatchTest, AThreadThatMayRunElsewhereIsNamedWithBothCpus) {
  const int other = sys::allowed_cpus().front();
  if (other == cpu_) GTEST_SKIP() << "needs two CPUs";
  const auto move = [&] { ASSERT_TRUE(sys::pin_thread(tid_, other)); };
  const std::string moved = " moved: thread " + id_ + " may run on CPU " + std::to_string(other);
  const std::string back = " is CPU " + std::to_string(cpu_);
  EXPECT_EQ(found(CpuClass::application, move).reasons,
            Reasons{"receiver" + moved + "; the DUT's" + back});
  ASSERT_TRUE(sys::pin_thread(tid_, cpu_));
  EXPECT_EQ(found(CpuClass::generator, move).reasons,
            Reasons{"generator" + moved + "; the generator's" + back});
  ASSERT_TRUE(sys::pin_thread(tid_, cpu_));
  EXPECT_EQ(found(CpuClass::control, move).reasons, Reasons{});
}

TEST_F(ThreadWatchTest, MovesAndStopsInsideTheWindowAreSeenAndThoseBeforeItAreNot) {
  meter_.events[tid_] = {5, 3};
  EXPECT_EQ(found(CpuClass::napi, [] {}).reasons, Reasons{});
  const auto finding = found(CpuClass::napi, [&] { meter_.events[tid_] = {7, 4}; });
  const Reasons wanted = {
      "NAPI thread moved: thread " + id_ + " left CPU " + std::to_string(cpu_) + " and came back",
      "NAPI thread stopped: thread " + id_ + " was stopped by a signal or a debugger"};
  EXPECT_EQ(finding.reasons, wanted);
  EXPECT_EQ(finding.evidence.at(id_ + ".moves"), 2);
  EXPECT_EQ(finding.evidence.at(id_ + ".stops"), 1);
}

TEST_F(ThreadWatchTest, AThreadOfSeveralCpusMayMoveAndNotBeStopped) {
  if (sys::allowed_cpus().size() < 2) GTEST_SKIP() << "needs two CPUs";
  meter_.events[tid_] = {};
  std::thread free([this] {
    const auto finding = [this] {
      const pid_t tid = sys::current_tid();
      meter_.events[tid] = {1, 1};
      source_->watch({{}, {{tid, CpuClass::application}}});
      const DisturbanceReading before = source_->read();
      meter_.events[tid] = {2, 2};
      return source_->judge(before, source_->read(), {1.0, 0});
    }();
    ASSERT_EQ(finding.reasons.size(), 1u);
    EXPECT_NE(finding.reasons[0].find("receiver stopped"), std::string::npos);
  });
  free.join();
}

}  // namespace
}  // namespace pktbench::measure
