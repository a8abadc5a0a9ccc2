#include "harness/measure/cpu_distance.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <deque>
#include <fstream>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "harness/sys/cpu.hpp"

namespace pktbench::measure {

namespace {

constexpr std::uint64_t kRoundTrips = 50;  // of a burst: some 5 microseconds
constexpr int kBursts = 100;
// Others may have either CPU for a while: long for the first burst, shorter for those after it.
constexpr std::uint64_t kFirstTimeoutNs = 1'000'000'000;
constexpr std::uint64_t kTimeoutNs = 50'000'000;
constexpr int kLooksPerClock = 1000;

// Alone in its cache line. Even: the first thread's turn.
struct alignas(128) Ball {
  std::atomic<std::uint64_t> turn{0};
};

// False once the time is up.
bool await(const Ball& ball, std::uint64_t turn, const std::atomic<std::uint64_t>& deadline_ns) {
  for (int looks = 0; ball.turn.load(std::memory_order_acquire) < turn; ++looks)
    if (looks % kLooksPerClock == kLooksPerClock - 1 && sys::monotonic_ns() > deadline_ns.load())
      return false;
  return true;
}

class CpuDistance final : public DisturbanceSource {
 public:
  CpuDistance(int generator_cpu, int dut_cpu, const std::string& dir,
              std::function<Result<double>(int, int)> distance)
      : generator_cpu_(generator_cpu),
        dut_cpu_(dut_cpu),
        distance_(std::move(distance)),
        file_(dir + "/cpu_distance-" + std::to_string(generator_cpu) + "-" +
              std::to_string(dut_cpu)) {
    std::ifstream known(file_);
    for (double ns = 0; known >> ns;)
      if (ns >= kLeastPlausibleNs) push(ns);
  }
  std::string name() const override { return "cpu_distance"; }

  DisturbanceReading read() override {
    const auto ns = distance_(generator_cpu_, dut_cpu_);
    if (!ns) return {{}, ns.error().message};
    remember(*ns);
    return {{{"ns", *ns}, {"near_ns", near_ns()}}, {}};
  }

  DisturbanceFinding judge(const DisturbanceReading& before, const DisturbanceReading& after,
                           const DisturbanceLimits& limits) const override {
    const double before_ns = before.values.at("ns");
    const double after_ns = after.values.at("ns");
    const double near_ns = after.values.at("near_ns");
    DisturbanceFinding finding{
        {{"before_ns", before_ns}, {"after_ns", after_ns}, {"near_ns", near_ns}}, {}};
    if (std::string far = too_far(std::max(before_ns, after_ns), near_ns, limits); !far.empty())
      finding.reasons.push_back(std::move(far));
    return finding;
  }

  std::string unrest(const DisturbanceLimits& limits) override {
    if (limits.max_cpu_distance == 0) return {};
    const auto ns = distance_(generator_cpu_, dut_cpu_);
    if (!ns) return {};
    // Whoever waits looks often: soon nothing but the longer distance would be known.
    if (last_.size() < kSettled) remember(*ns);
    return too_far(*ns, near_ns(), limits);
  }

 private:
  void push(double ns) {
    last_.push_back(ns);
    if (last_.size() > kRemembered) last_.pop_front();
  }

  // What cannot be written down is known to this run still.
  void remember(double ns) {
    push(ns);
    std::ofstream file(file_);
    for (const double known : last_) file << known << "\n";
  }

  // A tenth is as near or nearer. The nearest of all may be a moment that never lasts a trial, as
  // when a hypervisor puts both CPUs on one core.
  double near_ns() const {
    std::vector<double> sorted(last_.begin(), last_.end());
    const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 10);
    std::nth_element(sorted.begin(), at, sorted.end());
    return *at;
  }

  std::string too_far(double ns, double near_ns, const DisturbanceLimits& limits) const {
    if (limits.max_cpu_distance == 0 || ns <= limits.max_cpu_distance * near_ns) return {};
    return "a cache line took " + std::to_string(std::lround(ns)) + " ns between CPU " +
           std::to_string(generator_cpu_) + " and CPU " + std::to_string(dut_cpu_) +
           " and back, and takes " + std::to_string(std::lround(near_ns)) +
           " where they are near (" + file_ + "); the limit is max_cpu_distance";
  }

  static constexpr double kLeastPlausibleNs = 1;
  static constexpr std::size_t kRemembered = 1000;
  static constexpr std::size_t kSettled = 100;  // from here on the decile is no chance

  int generator_cpu_;
  int dut_cpu_;
  std::function<Result<double>(int, int)> distance_;
  std::string file_;
  std::deque<double> last_;
};

}  // namespace

Result<double> cpu_distance_ns(int one, int other) {
  if (one == other)
    return make_error(ErrorCode::unsupported,
                      "the generator and the DUT share CPU " + std::to_string(one));
  Ball ball;
  std::atomic<std::uint64_t> deadline{sys::monotonic_ns() + kFirstTimeoutNs};
  constexpr std::uint64_t kTurns = 2 * kRoundTrips * kBursts;
  Result<void> pinned[2];
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  const auto pin = [&](int thread, int cpu) {
    pinned[thread] = sys::pin_thread(0, cpu);
    if (!pinned[thread]) deadline = 0;  // nobody comes
    return bool(pinned[thread]);
  };
  // Per turn: one store, and loads until the other's store is seen.
  std::thread returns([&] {
    if (!pin(1, other)) return;
    for (std::uint64_t turn = 1; turn < kTurns; turn += 2) {
      if (!await(ball, turn, deadline)) return;
      ball.turn.store(turn + 1, std::memory_order_release);
    }
  });
  std::thread serves([&] {
    if (!pin(0, one)) return;
    std::uint64_t started = sys::monotonic_ns();
    for (std::uint64_t turn = 0; turn < kTurns; turn += 2) {
      if (turn % (2 * kRoundTrips) == 0) {
        const std::uint64_t now = sys::monotonic_ns();
        // The first one began before the other thread was there.
        if (turn == 4 * kRoundTrips) deadline = now + kTimeoutNs;
        if (turn > 2 * kRoundTrips) least = std::min(least, now - started);
        started = now;
      }
      ball.turn.store(turn + 1, std::memory_order_release);
      if (!await(ball, turn + 2, deadline)) return;
    }
  });
  serves.join();
  returns.join();
  for (const auto& r : pinned)
    if (!r) return r.error();
  if (least == std::numeric_limits<std::uint64_t>::max())
    return make_error(ErrorCode::failed, "no cache line came back between CPU " +
                                             std::to_string(one) + " and CPU " +
                                             std::to_string(other) + " within a second");
  return static_cast<double>(least) / static_cast<double>(kRoundTrips);
}

std::unique_ptr<DisturbanceSource> cpu_distance_source(
    int generator_cpu, int dut_cpu, const std::string& dir,
    std::function<Result<double>(int, int)> distance) {
  return std::make_unique<CpuDistance>(generator_cpu, dut_cpu, dir, std::move(distance));
}

}  // namespace pktbench::measure
