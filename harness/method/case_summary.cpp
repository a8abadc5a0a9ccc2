#include "harness/method/case_summary.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace pktbench {

namespace {

Summary summarize_trials(const CaseResult& result, std::optional<double> TrialRecord::*measure) {
  std::vector<double> values;
  for (const TrialRecord& trial : result.trials)
    if (const auto& value = trial.*measure; in_summary(trial) && value && std::isfinite(*value))
      values.push_back(*value);
  Summary made = summarize(std::move(values));
  if (made.n == 0) made.reason = "none of its trials has this value";
  return made;
}

}  // namespace

bool in_summary(const TrialRecord& trial) {
  return trial.in_summary.value_or(trial.status == TrialStatus::ok);
}

bool has_summary(const CaseResult& result) {
  return std::ranges::any_of(result.trials, in_summary);
}

bool has_loads_of_its_own(const CaseResult& result) {
  return !result.goals.empty() || !result.sweep.empty() || !result.latency.empty() ||
         !result.bursts.empty() || !result.soak_windows.empty();
}

bool has_figures(const CaseResult& result) {
  return has_summary(result) || has_loads_of_its_own(result);
}

std::optional<CaseSummary> summarize_case(const CaseResult& result) {
  if (!has_summary(result)) return std::nullopt;
  return CaseSummary{summarize_trials(result, &TrialRecord::mpps),
                     summarize_trials(result, &TrialRecord::ns_per_packet),
                     summarize_trials(result, &TrialRecord::cycles_per_packet),
                     summarize_trials(result, &TrialRecord::busy_cycles_per_packet)};
}

std::optional<double> ns_per_run(const TrialRecord& trial) {
  if (!trial.bpf_run_time || trial.bpf_run_time->runs == 0) return std::nullopt;
  return static_cast<double>(trial.bpf_run_time->ns) /
         static_cast<double>(trial.bpf_run_time->runs);
}

Summary summarize_bpf(const CaseResult& result) {
  std::vector<double> values;
  for (const TrialRecord& trial : result.bpf_trials)
    if (const auto value = ns_per_run(trial); trial.status == TrialStatus::ok && value)
      values.push_back(*value);
  Summary made = summarize(std::move(values));
  if (made.n == 0) made.reason = "no ok trial has this value";
  return made;
}

}  // namespace pktbench
