// Three accounts of what an XDP program costs, held against each other on one that spins for a
// known time: its own sum, the CPU accounting (on-CPU time × TSC), and the kernel's run time of BPF
// programs. All are of the same frames on the same CPU.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <sched.h>
#include <time.h>

#include "bpf/xdp_spin.skel.h"
#include "harness/measure/bpf_run_time.hpp"
#include "harness/measure/cpu_meter.hpp"
#include "harness/sys/bpf.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/file.hpp"
#include "harness/testing/need_root.hpp"
#include "harness/testing/spin_pairs.hpp"
#include "harness/testing/test_veth.hpp"
#include "harness/traffic/generators.hpp"

namespace pktbench::backends {
namespace {

using testing::need;
using Skeleton = sys::SkeletonPtr<xdp_spin, xdp_spin__destroy>;

// Long enough that a wake-up, which a frame at this rate has to itself, weighs little.
constexpr std::uint64_t kSpinNs = 200'000;
constexpr double kRatePps = 1000;
constexpr long kWindowNs = 300'000'000;

void pause_ns(long ns) {
  const timespec pause{0, ns};
  nanosleep(&pause, nullptr);
}

class XdpAccounting : public ::testing::Test {
 protected:
  void SetUp() override {
    NEED_ROOT();
    if (sys::allowed_cpus().size() < 2) GTEST_SKIP() << "needs two CPUs";
    veth_ = std::make_unique<testing::TestVeth>();
    {
      const sys::LibbpfLog log;
      program_.reset(xdp_spin__open_and_load());
      if (!program_) GTEST_SKIP() << log.failure("load the spinning program", errno).detail;
    }
    attach();
    veth_->thread_napi();
    const int cpu = veth_->dut().cpus.front();
    CpuRoles roles;
    for (pid_t thread : sys::threads_named("napi/" + veth_->dut().name + "-")) {
      need(sys::pin_thread(thread, cpu));
      roles[thread] = CpuClass::napi;
    }
    ASSERT_EQ(roles.size(), 1u);
    meter_ = measure::make_cpu_meter();
    need(meter_->start({cpu}));
    need(meter_->set_roles(roles));
    ASSERT_EQ(sched_getaffinity(0, sizeof affinity_, &affinity_), 0);
    need(sys::pin_thread(0, veth_->generator().cpus.front()));

    const GeneratorType type = traffic::generator("xdp-live");
    source_ = type.make();
    TrafficConfig config;
    config.from = veth_->generator();
    config.to = veth_->dut();
    config.options = testing::default_options(type.options);
    need(source_->start(config));
    source_->open(TrafficSource::kNoLimit, kRatePps);
  }
  void TearDown() override {
    if (CPU_COUNT(&affinity_)) sched_setaffinity(0, sizeof affinity_, &affinity_);
    if (!source_) return;
    EXPECT_TRUE(source_->close());
    source_->stop();
  }

  void attach() {
    const auto inside = need(sys::NetnsScope::enter(veth_->dut().netns_path));
    LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
    link_ = sys::Fd(bpf_link_create(bpf_program__fd(program_->progs.spin),
                                    static_cast<int>(veth_->dut().ifindex), BPF_XDP, &options));
    ASSERT_TRUE(link_);
  }

  std::uint32_t program_id() const {
    bpf_prog_info info{};
    __u32 size = sizeof info;
    EXPECT_EQ(bpf_obj_get_info_by_fd(bpf_program__fd(program_->progs.spin), &info, &size), 0);
    return info.id;
  }

  struct Reading {
    std::uint64_t frames = 0, spun_ns = 0, napi_ns = 0;
    BpfRunTime run;
  };
  // Shuts the gate and waits until every frame is through, else it is in one account only. Frames
  // that a full ring dropped never come: then for half a second.
  void settle() {
    need(source_->close());
    const std::uint64_t sent = need(source_->sample()).packets;
    const volatile auto* own = program_->bss;
    for (int i = 0; i < 500 && own->frames != sent; ++i) pause_ns(1'000'000);
    pause_ns(1'000'000);
  }

  Reading read(const measure::BpfRunTimeMeter* statistics) {
    settle();
    const volatile auto* own = program_->bss;
    Reading r;
    r.frames = own->frames;
    r.spun_ns = own->spun_ns;
    r.napi_ns = need(meter_->sample()).cpus[0][CpuClass::napi];
    if (statistics) r.run = need(statistics->sample());
    return r;
  }

  // What happens in one window of frames.
  Reading window(bool spin, const measure::BpfRunTimeMeter* statistics) {
    const Reading before = read(statistics);
    *const_cast<volatile __u64*>(&program_->bss->spin_ns) = spin ? kSpinNs : 0;
    source_->open(TrafficSource::kNoLimit, kRatePps);
    pause_ns(kWindowNs);
    const Reading after = read(statistics);
    Reading r{after.frames - before.frames,
              after.spun_ns - before.spun_ns,
              after.napi_ns - before.napi_ns,
              {after.run.runs - before.run.runs, after.run.ns - before.run.ns}};
    EXPECT_GT(r.frames, 0u);
    if (spin) {
      EXPECT_GE(r.spun_ns, r.frames * kSpinNs);
    }
    // The kernel counts what the program counts.
    if (statistics) {
      EXPECT_EQ(r.run.runs, r.frames);
    }
    return r;
  }

  std::unique_ptr<testing::TestVeth> veth_;
  Skeleton program_;
  sys::Fd link_;
  std::unique_ptr<CpuMeter> meter_;
  std::unique_ptr<TrafficSource> source_;
  cpu_set_t affinity_{};  // this thread's own
};

double per_frame(std::uint64_t amount, std::uint64_t frames) {
  return static_cast<double>(amount) / static_cast<double>(frames);
}

TEST_F(XdpAccounting, OnCpuTimeIsWhatTheProgramSpun) {
  const double cycles_per_ns = meter_->tsc_hz() / 1e9;
  EXPECT_TRUE(testing::agrees([&](bool spin) {
    const Reading r = window(spin, nullptr);
    return testing::Spent{per_frame(r.spun_ns, r.frames) * cycles_per_ns,
                          per_frame(r.napi_ns, r.frames) * cycles_per_ns};
  }));
}

TEST_F(XdpAccounting, TheKernelsRunTimeIsWhatTheProgramSpun) {
  const auto statistics = need(measure::BpfRunTimeMeter::start({program_id()}));
  EXPECT_TRUE(testing::agrees([&](bool spin) {
    const Reading r = window(spin, &statistics);
    return testing::Spent{per_frame(r.spun_ns, r.frames), per_frame(r.run.ns, r.run.runs)};
  }));
}

TEST_F(XdpAccounting, OnCpuTimeAndTheKernelsRunTimeAgree) {
  const auto statistics = need(measure::BpfRunTimeMeter::start({program_id()}));
  EXPECT_TRUE(testing::agrees([&](bool spin) {
    const Reading r = window(spin, &statistics);
    return testing::Spent{per_frame(r.run.ns, r.run.runs), per_frame(r.napi_ns, r.frames)};
  }));
}

TEST_F(XdpAccounting, TheStatisticsAreOffAgainWhenTheMeterGoes) {
  const std::uint32_t id = program_id();
  settle();
  { const auto statistics = need(measure::BpfRunTimeMeter::start({id})); }
  const measure::BpfRunTimeMeter* off = nullptr;
  bpf_prog_info before{};
  bpf_prog_info after{};
  __u32 size = sizeof before;
  ASSERT_EQ(bpf_obj_get_info_by_fd(bpf_program__fd(program_->progs.spin), &before, &size), 0);
  EXPECT_GT(window(false, off).frames, 0u);
  ASSERT_EQ(bpf_obj_get_info_by_fd(bpf_program__fd(program_->progs.spin), &after, &size), 0);
  EXPECT_EQ(after.run_cnt, before.run_cnt);
}

TEST(BpfRunTime, AProgramThatDoesNotExistIsAnError) {
  NEED_ROOT();
  const auto meter = measure::BpfRunTimeMeter::start({0xffffffff});
  ASSERT_FALSE(meter);
  EXPECT_NE(meter.error().message.find("4294967295"), std::string::npos);
}

}  // namespace
}  // namespace pktbench::backends
