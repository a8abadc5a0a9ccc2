#include "harness/measure/thread_watch.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "harness/measure/disturbance.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/file.hpp"

namespace pktbench::measure {

namespace {

constexpr const char* kMayRunOn = ".may_run_on";
constexpr const char* kPinnedTo = ".pinned_to";
constexpr const char* kMoves = ".moves";
constexpr const char* kStops = ".stops";

// Null: nobody whose work is measured.
const char* who_is(CpuClass role) {
  return role == CpuClass::application ? "receiver"
         : role == CpuClass::napi      ? "NAPI thread"
         : role == CpuClass::generator ? "generator"
                                       : nullptr;
}

struct Thread {
  pid_t id = 0;
  CpuClass role = CpuClass::application;
  std::optional<int> pinned_to;  // none: several CPUs from the start
};

class ThreadWatch final : public DisturbanceSource {
 public:
  explicit ThreadWatch(CpuMeter& meter) : meter_(meter) {}
  std::string name() const override { return kThreads; }

  void watch(const TrialParts& parts) override {
    threads_.clear();
    for (const auto& [id, role] : parts.roles) {
      if (!who_is(role)) continue;
      Thread thread{id, role, {}};
      const auto cpus = sys::allowed_cpus(id);
      if (cpus.size() == 1) thread.pinned_to = cpus.front();
      threads_.push_back(thread);
    }
  }

  // By thread, "4711.moves". A thread that has ended is no part of it.
  DisturbanceReading read() override {
    DisturbanceReading reading;
    for (const Thread& thread : threads_) {
      const std::string id = std::to_string(thread.id);
      if (thread.role != CpuClass::generator)
        // As often as it went to sleep it was woken.
        if (const auto slept = sys::read_number(fmt::format("/proc/{}/status", thread.id),
                                                "voluntary_ctxt_switches"))
          reading.values[kDutWakeups] += static_cast<double>(*slept);
      if (const auto events = meter_.thread_events(thread.id)) {
        if (thread.pinned_to) reading.values[id + kMoves] = static_cast<double>(events->moves);
        reading.values[id + kStops] = static_cast<double>(events->stops);
      }
      if (!thread.pinned_to) continue;
      for (const int cpu : sys::allowed_cpus(thread.id))
        if (cpu != *thread.pinned_to) reading.values[id + kMayRunOn] = cpu;
    }
    return reading;
  }

  DisturbanceFinding judge(const DisturbanceReading& before, const DisturbanceReading& after,
                           const DisturbanceLimits&) const override {
    DisturbanceFinding finding;
    const auto grown = what_grew(before, after);
    if (grown.contains(kDutWakeups)) finding.evidence[kDutWakeups] = grown.at(kDutWakeups);
    for (const Thread& thread : threads_) {
      const std::string id = std::to_string(thread.id);
      const std::string who = who_is(thread.role);
      const std::string whose = thread.role == CpuClass::generator ? "generator's" : "DUT's";
      const std::string key = id + kMayRunOn;
      const auto& values = after.values.contains(key) ? after.values : before.values;
      const bool elsewhere = values.contains(key);
      const double moves = value_of(grown, id + kMoves);
      const double stops = value_of(grown, id + kStops);
      if (moves > 0) finding.evidence[id + kMoves] = moves;
      if (stops > 0) finding.evidence[id + kStops] = stops;
      if (elsewhere || moves > 0) finding.evidence[id + kPinnedTo] = *thread.pinned_to;
      if (elsewhere) {
        finding.evidence[key] = value_of(values, key);
        finding.reasons.push_back(
            fmt::format("{} moved: thread {} may run on CPU {}; the {} is CPU {}", who, id,
                        std::lround(value_of(values, key)), whose, *thread.pinned_to));
      } else if (moves > 0) {
        finding.reasons.push_back(fmt::format("{} moved: thread {} left CPU {} and came back", who,
                                              id, *thread.pinned_to));
      }
      if (stops > 0)
        finding.reasons.push_back(who + " stopped: thread " + id +
                                  " was stopped by a signal or a debugger");
    }
    return finding;
  }

 private:
  CpuMeter& meter_;
  std::vector<Thread> threads_;
};

}  // namespace

std::unique_ptr<DisturbanceSource> thread_source(CpuMeter& meter) {
  return std::make_unique<ThreadWatch>(meter);
}

}  // namespace pktbench::measure
