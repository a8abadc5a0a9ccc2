#include "harness/method/throughput_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "harness/method/case_summary.hpp"

namespace pktbench::method {

namespace {

std::string fixed(const std::optional<double>& value, int decimals) {
  return value ? fmt::format("{:.{}f}", *value, decimals) : "";
}

bool is_bound(const CaseResult& result) { return bounds_from_below(result.limiter); }

std::string rate_cell(const CaseResult& result) {
  const auto median = summarize_case(result)->mpps.median;
  return (is_bound(result) && median ? "≥" : "") + fixed(median, 3);
}

std::string interval_cell(const CaseResult& result) {
  const auto interval = summarize_case(result)->mpps.ci95;
  return interval ? fixed(interval->lo, 3) + "–" + fixed(interval->hi, 3) : "";
}

std::string loss_cell(const CaseResult& result) {
  std::vector<double> ratios;
  for (const TrialRecord& trial : result.trials)
    if (in_summary(trial) && trial.loss_ratio) ratios.push_back(*trial.loss_ratio);
  const auto median = summarize(std::move(ratios)).median;
  if (median && *median > 0 && *median < 0.00005) return "<0.01";
  return median ? fixed(*median * 100, 2) : "";
}

}  // namespace

std::vector<ResultColumn> throughput_columns() {
  return {
      {.head = "Mpps", .cell = rate_cell},
      {.head = "95% CI", .leave_out = 6, .cell = interval_cell},
      {.head = "ns/packet",
       .leave_out = 8,
       .cell =
           [](const CaseResult& c) { return fixed(summarize_case(c)->ns_per_packet.median, 1); }},
      {.head = "cycles/packet",
       .leave_out = 3,
       .cell =
           [](const CaseResult& c) {
             return fixed(summarize_case(c)->cycles_per_packet.median, 0);
           }},
      {.head = "loss %", .leave_out = 7, .cell = loss_cell}};
}

void explain_throughput(const std::vector<CaseResult>& cases, Legend& legend) {
  std::map<std::size_t, double> confidence;  // by number of trials
  std::set<std::string> sources;
  bool disturbed = false;
  for (const CaseResult& c : cases) {
    disturbed |= c.status == CaseStatus::disturbed;
    const Summary mpps = summarize_case(c)->mpps;
    if (mpps.ci95) confidence[mpps.n] = mpps.ci95->confidence;
    for (const TrialRecord& trial : c.trials)
      if (in_summary(trial) && trial.cycles_per_packet) sources.insert(trial.cycles_source);
  }
  std::string covers;
  for (const auto& [n, share] : confidence)
    covers += fmt::format("{}{:.1f}% with {} trials", covers.empty() ? "" : ", ", share * 100, n);
  legend.add(fmt::format(
      "Mpps: median of the {} trials{}.", disturbed ? "ok or disturbed" : "ok",
      covers.empty() ? ""
                     : "; 95% CI: of that median, by order statistics (covers " + covers + ")"));
  if (std::any_of(cases.begin(), cases.end(), is_bound))
    legend.add("≥: limited by the generator or the link, a lower bound for the DUT.");
  if (sources.contains("pmu"))
    legend.add(
        "Cycles: core cycles (pmu) of every CPU that worked for the DUT, at the load it had.");
  if (sources.contains("tsc"))
    legend.add(
        "Cycles: on-CPU time × TSC frequency (tsc) of every CPU that worked for the DUT, at the "
        "load it had.");
  if (sources.size() > 1) legend.add("Cycles from pmu and tsc must not be compared.");
}

}  // namespace pktbench::method
