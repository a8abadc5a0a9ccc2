#include "harness/measure/cpu_distance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <utility>

#include "harness/measure/disturbance.hpp"
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

}  // namespace

Result<double> cpu_distance_ns(int one, int other) {
  if (one == other)
    return make_error(ErrorCode::unsupported, "the generator and the DUT share CPU {}", one);
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
    return make_error(ErrorCode::failed,
                      "no cache line came back between CPU {} and CPU {} within a second", one,
                      other);
  return static_cast<double>(least) / static_cast<double>(kRoundTrips);
}

std::unique_ptr<DisturbanceSource> cpu_distance_source(
    int generator_cpu, int dut_cpu, std::function<Result<double>(int, int)> distance) {
  const auto read = [=]() -> DisturbanceReading {
    const auto ns = distance(generator_cpu, dut_cpu);
    if (!ns) return {{}, ns.error().message};
    return {{{"ns", *ns}}, {}};
  };
  const auto judge = [=](const DisturbanceReading& before, const DisturbanceReading& after,
                         const DisturbanceLimits& limits) {
    const double before_ns = before.values.at("ns");
    const double after_ns = after.values.at("ns");
    DisturbanceFinding finding{{{"before_ns", before_ns}, {"after_ns", after_ns}}, {}};
    const auto [less, more] = std::minmax(before_ns, after_ns);
    if (limits.max_cpu_distance_change > 0 && more > limits.max_cpu_distance_change * less)
      finding.reasons.push_back(
          fmt::format("a cache line took {} ns between CPU {} and CPU {} and back before the "
                      "window and {} after it",
                      std::lround(before_ns), generator_cpu, dut_cpu, std::lround(after_ns)));
    return finding;
  };
  return disturbance_source(kCpuDistance, read, judge);
}

}  // namespace pktbench::measure
