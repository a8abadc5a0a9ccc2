// Many loads on one open session of the veth testbed: what each was asked for is what it got, every
// frame is accounted for, and nothing is attached again. What that costs beside the windows is
// printed, and not judged: it is a matter of the host.
//
// PKTBENCH_TEST_LOADS: how many loads (default 6); more say the cost more exactly.
#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "harness/method/session.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/system/veth_fixture.hpp"

namespace pktbench::cli {
namespace {

int loads() {
  const char* given = std::getenv("PKTBENCH_TEST_LOADS");
  return given ? std::atoi(given) : 6;
}

class VethSessions : public VethBackendFixture {
 protected:
  void SetUp() override {
    VethBackendFixture::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    bring_up();
    if (HasFatalFailure()) return;
    ASSERT_EQ(sched_getaffinity(0, sizeof affinity_, &affinity_), 0);
    ASSERT_TRUE(sys::pin_thread(0, testbed_->generator().port().cpus.front()));
    auto metered = testbed_->cpu_meter().start(
        {testbed_->generator().port().cpus.front(), testbed_->dut().port().cpus.front()});
    if (metered) meter_ = &testbed_->cpu_meter();
  }
  void TearDown() override {
    if (CPU_COUNT(&affinity_)) sched_setaffinity(0, sizeof affinity_, &affinity_);
    VethFixture::TearDown();
  }

  CpuMeter* meter_ = nullptr;
  cpu_set_t affinity_{};  // of before
};

TEST_P(VethSessions, TakeOneLoadAfterTheOther) {
  const CaseSpec of = spec("xdp-live");
  TrialPlan plan;
  plan.max_disturbance = 1;  // other tests may run
  plan.max_cpu_distance_change = 0;
  plan.max_overrun = 1000;
  plan.max_unsent = 1;
  const std::atomic<bool> stop{false};
  auto session = method::Session::open(
      of, plan, 0x5e55,
      {*testbed_, type_->make(), find_by_name(registry().generators, of.generator)->make(), meter_,
       "not in this test"},
      stop);
  ASSERT_TRUE(session) << session.error().message;
  double windows_s = 0;
  double effective_s = 0;
  for (int i = 0; i < loads(); ++i) {
    // Low and high by turns, and as fast as possible at times.
    plan.rate_pps.reset();
    if (i % 4 != 3) plan.rate_pps = i % 2 ? 100'000.0 - 500 * i : 1000.0 * (i + 1);
    if (loads() <= 6) {
      plan.warmup_s = 0.02;
      plan.duration_s = 0.1;
    }
    const auto trial = (*session)->measure(plan);
    ASSERT_TRUE(trial) << trial.error().message;
    EXPECT_TRUE(trial->conserved) << trial->reason;
    EXPECT_EQ(trial->unaccounted, 0) << "load " << i;
    EXPECT_EQ(trial->target_pps, plan.rate_pps);
    EXPECT_GT(trial->received.packets, 0u);
    if (plan.rate_pps) {
      EXPECT_LE(static_cast<double>(trial->offered.packets),
                *plan.rate_pps * trial->duration_s * 1.05 + 64)
          << "load " << i;
    }
    ASSERT_TRUE((*session)->usable()) << trial->reason;
    windows_s += trial->warmup_s + trial->duration_s;
    effective_s += trial->effective_s;
  }
  std::printf("%s: %d loads took %.3f s, their windows and warm-ups %.3f s: %.3f times\n",
              GetParam(), loads(), effective_s, windows_s, effective_s / windows_s);
}

INSTANTIATE_TEST_SUITE_P(Backends, VethSessions, ::testing::Values("xdp-native", "af_xdp", "dpdk"),
                         [](const auto& which) {
                           std::string name = which.param;
                           for (char& c : name)
                             if (c == '-') c = '_';
                           return name;
                         });

}  // namespace
}  // namespace pktbench::cli
