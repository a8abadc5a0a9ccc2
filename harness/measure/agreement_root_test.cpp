// The CPU accounting held against a thread that spins for a known number of TSC cycles per packet.
// Both are accounts of the same intervals on the same CPU: how fast the machine is, or what else it
// does, is in both.
#include <gtest/gtest.h>
#include <sched.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include <atomic>
#include <thread>

#include "harness/measure/cpu_meter.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/testing/spin_pairs.hpp"

namespace pktbench::measure {
namespace {

#if defined(__x86_64__)

constexpr std::uint64_t kSpinCycles = 2000;
constexpr int kBatch = 256;  // packets per wake-up, whose own cost is in both intervals
constexpr long kPeriodNs = 1'000'000;

// A receiver that is woken every millisecond and has a batch of packets to handle. SCHED_FIFO:
// nobody takes the CPU from it while it spins.
class Receiver {
 public:
  explicit Receiver(int cpu) : thread_([this, cpu] { run(cpu); }) {
    while (!tid_) std::this_thread::yield();
  }
  ~Receiver() {
    stop_ = true;
    thread_.join();
  }
  pid_t tid() const { return tid_; }
  bool fifo() const { return fifo_; }
  void spin(bool on) { spin_ = on; }
  // Only between batches, when nothing is half counted.
  struct Counts {
    std::uint64_t packets, cycles;
  };
  Counts counts() const {
    Counts c{};
    std::uint64_t batches = 0;
    do {
      batches = batches_;
      c = {packets_, cycles_};
    } while (batches != batches_);
    return c;
  }

 private:
  void run(int cpu) {
    sched_param parameter{};
    parameter.sched_priority = 1;
    fifo_ = sys::pin_thread(0, cpu).ok() && sched_setscheduler(0, SCHED_FIFO, &parameter) == 0;
    tid_ = sys::current_tid();
    while (!stop_) {
      const timespec pause{0, kPeriodNs};
      nanosleep(&pause, nullptr);
      const std::uint64_t length = spin_ ? kSpinCycles : 0;
      std::uint64_t spun = 0;
      for (int i = 0; i < kBatch; ++i) {
        const std::uint64_t begin = __rdtsc();
        std::uint64_t now = begin;
        while (now - begin < length) now = __rdtsc();
        spun += now - begin;
      }
      packets_ += kBatch;
      cycles_ += spun;
      ++batches_;
    }
  }

  std::atomic<pid_t> tid_{0};
  std::atomic<bool> fifo_{false};
  std::atomic<bool> stop_{false};
  std::atomic<bool> spin_{false};
  std::atomic<std::uint64_t> batches_{0};
  std::atomic<std::uint64_t> packets_{0};
  std::atomic<std::uint64_t> cycles_{0};
  std::thread thread_;
};

TEST(Agreement, OnCpuTimeTimesTscIsTheSpinOfAThread) {
  if (!sys::missing_capabilities().empty())
    GTEST_SKIP() << "needs " << sys::missing_capabilities().front();
  const int cpu = sys::allowed_cpus().back();
  Receiver receiver(cpu);
  if (!receiver.fifo()) GTEST_SKIP() << "SCHED_FIFO is not permitted here";
  auto meter = make_cpu_meter();
  auto started = meter->start({cpu});
  ASSERT_TRUE(started) << started.error().message;
  ASSERT_TRUE(meter->set_roles({{receiver.tid(), CpuClass::application}}));
  const double cycles_per_ns = meter->tsc_hz() / 1e9;

  EXPECT_TRUE(testing::agrees([&](bool spin) {
    receiver.spin(spin);
    const timespec settle{0, 5'000'000};
    nanosleep(&settle, nullptr);
    const auto before = meter->sample();
    const Receiver::Counts counts = receiver.counts();
    const timespec window{0, 200'000'000};
    nanosleep(&window, nullptr);
    const auto after = meter->sample();
    const Receiver::Counts now = receiver.counts();
    EXPECT_TRUE(before && after);
    const auto packets = static_cast<double>(now.packets - counts.packets);
    EXPECT_GT(packets, 0);
    const auto ns = static_cast<double>(after->cpus[0][CpuClass::application] -
                                        before->cpus[0][CpuClass::application]);
    const testing::Spent spent{static_cast<double>(now.cycles - counts.cycles) / packets,
                               ns * cycles_per_ns / packets};
    if (spin) {
      EXPECT_GE(spent.truth, kSpinCycles);
    }
    return spent;
  }));
}

#endif

}  // namespace
}  // namespace pktbench::measure
