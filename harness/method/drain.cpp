#include "harness/method/drain.hpp"

#include <utility>

namespace pktbench::method {

namespace {

constexpr std::uint64_t kStep = 2 * kMillisecond;
constexpr std::uint64_t kQuiet = 1000 * kMillisecond;  // without a change: no more will come
// Of threads that a busy host leaves waiting. Only what does not come at all takes that long.
constexpr std::uint64_t kTimeout = 10'000 * kMillisecond;
// A smaller part of what is missing is no change: it may be others' frames, one by one.
constexpr std::uint64_t kPart = 100;

}  // namespace

Result<Snapshot> drain(const Snapshot& first, const TakeSnapshot& snapshot, Clock& clock,
                       const StopFlag& stop) {
  const std::uint64_t deadline = clock.now_ns() + kTimeout;
  auto last = snapshot();
  std::uint64_t changed = clock.now_ns();
  std::uint64_t arrived = last ? last->arrived() : 0;
  while (last && !last->settled(first) && !stop) {
    clock.sleep_ns(kStep, stop);
    auto now = snapshot();
    if (!now || (now->surplus(first) && last->surplus(first))) return now;
    const std::uint64_t now_ns = clock.now_ns();
    if (now->arrived() - arrived > now->outstanding(first) / kPart) {
      changed = now_ns;
      arrived = now->arrived();
    }
    last = std::move(now);
    if (now_ns - changed >= kQuiet || now_ns >= deadline) break;
  }
  return last;
}

}  // namespace pktbench::method
