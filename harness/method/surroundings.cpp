#include "harness/method/surroundings.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "harness/core/lookup.hpp"
#include "harness/measure/cpu_distance.hpp"
#include "harness/measure/disturbance.hpp"
#include "harness/measure/thread_watch.hpp"

namespace pktbench::method {

void Surroundings::watch(const TrialParts& parts) {
  for (DisturbanceSource* source : testbed_.disturbances()) source->watch(parts);
}

Surroundings::Readings Surroundings::read() {
  Readings readings;
  for (DisturbanceSource* source : testbed_.disturbances()) readings.push_back(source->read());
  return readings;
}

std::vector<Disturbed> Surroundings::after_window(TrialRecord& record) {
  const Readings after = read();
  std::vector<Disturbed> disturbed = judge(after, record);
  record.condition = condition(after);
  note_wakeups(record);
  return disturbed;
}

std::vector<Disturbed> Surroundings::judge(const Readings& after, TrialRecord& record) const {
  std::vector<Disturbed> reasons;
  const auto sources = testbed_.disturbances();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const std::string name = sources[i]->name();
    const std::string& missing = before_[i].missing.empty() ? after[i].missing : before_[i].missing;
    if (!missing.empty()) {
      record.disturbance[name] = std::nullopt;
      record.missing["disturbance." + name] = missing;
      continue;
    }
    DisturbanceFinding found =
        sources[i]->judge(before_[i], after[i], {record.duration_s, plan_.max_cpu_distance_change});
    for (const std::string& reason : found.reasons) reasons.push_back({name, reason});
    record.disturbance[name] = std::move(found);
  }
  return reasons;
}

// Of two readings that are alike, their mean.
Condition Surroundings::condition(const Readings& after) const {
  Condition made;
  made.idle = testbed_.dut_idle();
  const std::string cpu = fmt::format("cpu{}", testbed_.dut().port().cpus.front());
  const auto sources = testbed_.disturbances();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto mean = [&](const std::string& value) -> std::optional<double> {
      const double* a = find_in(before_[i].values, value);
      const double* b = find_in(after[i].values, value);
      return a && b ? std::optional((*a + *b) / 2) : std::nullopt;
    };
    if (sources[i]->name() == measure::kCpuDistance) made.cpu_distance_ns = mean("ns");
    if (sources[i]->name() == measure::kFrequency)
      if (const auto khz = mean(cpu)) made.cpu_mhz = *khz / 1000;
  }
  return made;
}

// What says how a DUT is limited that lost frames with time to spare: how often it was woken, and
// what had to wait for that.
void Surroundings::note_wakeups(TrialRecord& record) const {
  const auto* threads = find_in(record.disturbance, measure::kThreads);
  if (threads && *threads)
    if (const double* woken = find_in((*threads)->evidence, measure::kDutWakeups))
      record.evidence["dut_wakeups_per_s"] = *woken / record.duration_s;
  if (const auto ring = testbed_.dut().rx_ring()) record.evidence["rx_ring_frames"] = *ring;
  const char* together = plan_.rate_pps ? "burst" : "batch";
  const OptionValue* frames = find_in(spec_.generator_options, together);
  if (const auto* n = frames ? std::get_if<std::int64_t>(frames) : nullptr)
    record.evidence["generator_burst_frames"] = static_cast<double>(*n);
}

}  // namespace pktbench::method
