#include "harness/method/throughput.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "harness/method/case_summary.hpp"
#include "harness/method/rounds.hpp"
#include "harness/method/trial_options.hpp"

namespace pktbench::method {

namespace {

class Throughput final : public Method {
 public:
  explicit Throughput(const Options& options)
      : rules_(rules_of(options)),
        rounds_(static_cast<int>(option<std::int64_t>(options, "trials"))),
        max_repeats_(static_cast<int>(option<std::int64_t>(options, "max_repeats"))),
        restart_(option<bool>(options, "restart")),
        bpf_stats_(option<bool>(options, "bpf_stats")) {
    rules_.warmup_s = option<double>(options, "warmup_s");
    rules_.duration_s = option<double>(options, "duration_s");
  }

  int rounds() const override { return rounds_; }
  int extra_rounds() const override { return max_repeats_; }

  std::optional<Step> next(const CaseResult& so_far, int round) const override {
    Step step{rules_, restart_ ? Start::alone : Start::kept, false};
    step.plan.rate_pps = so_far.spec.rate_pps;
    if (!round_done(so_far.trials, round, max_repeats_)) return step;
    // They cost, so that such a trial stands apart from the ordinary ones.
    step.bpf_stats = true;
    if (round < rounds_ && takes_bpf(so_far) && !round_done(so_far.bpf_trials, round, max_repeats_))
      return step;
    return std::nullopt;
  }

  std::size_t trials_left(const CaseResult& so_far) const override {
    std::size_t left = 0;
    for (int round = 0; round < rounds_; ++round) {
      left += !round_done(so_far.trials, round, max_repeats_);
      left += takes_bpf(so_far) && !round_done(so_far.bpf_trials, round, max_repeats_);
    }
    return left;
  }

  std::vector<bool> wants_more(const std::vector<CaseResult>& cases) const override {
    return cases_short(cases, rounds_);
  }

  void conclude(std::vector<CaseResult>& cases) const override {
    pktbench::conclude(cases);
    for (CaseResult& c : cases) {
      c.bpf_stats = bpf_stats_;
      c.metrics = {
          metric(c, "mpps", "Mpps", true, &TrialRecord::mpps),
          metric(c, "cycles_per_packet", "cycles", false, &TrialRecord::cycles_per_packet)};
      Metric busy = metric(c, "busy_cycles_per_packet", "cycles", false,
                           &TrialRecord::busy_cycles_per_packet);
      if (!busy.by_round.empty()) c.metrics.push_back(std::move(busy));
    }
  }

 private:
  // The reason why not is there once it was given up.
  bool takes_bpf(const CaseResult& so_far) const { return bpf_stats_ && so_far.bpf_reason.empty(); }

  static Metric metric(const CaseResult& c, const char* name, const char* unit, bool higher,
                       std::optional<double> TrialRecord::*value) {
    Metric made{name, unit, higher, {}};
    for (const TrialRecord& trial : c.trials)
      if (const auto& v = trial.*value; trial.in_summary.value_or(false) && v && std::isfinite(*v))
        made.by_round[std::to_string(trial.round)] = *v;
    return made;
  }

  TrialPlan rules_;
  int rounds_;
  int max_repeats_;
  bool restart_;
  bool bpf_stats_;
};

std::vector<OptionSpec> options() {
  static const TrialPlan kPlan;
  std::vector<OptionSpec> made = {
      number_option("trials", 5, 1, 100'000, "measured intervals of each case"),
      number_option("warmup_s", kPlan.warmup_s, 0, 3600, "seconds of traffic before the window"),
      number_option("duration_s", kPlan.duration_s, 0.01, 86'400, "seconds of the window"),
      flag_option(
          "restart", true,
          "false: the trials of a scenario's one case follow each other without a new start"),
      flag_option("bpf_stats", false,
                  "trials beside the ordinary ones for the kernel's own run time of BPF programs")};
  made.insert(made.end(), trial_options().begin(), trial_options().end());
  return made;
}

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

// "52/48": the percentage of each queue, over the trials shown; of many queues the least and most.
std::string queue_cell(const CaseResult& result) {
  constexpr std::size_t kListed = 8;
  std::vector<double> frames;
  for (const TrialRecord& trial : result.trials) {
    if (!in_summary(trial)) continue;
    const auto& queues = trial.received.per_queue;
    if (queues.empty()) return "";
    frames.resize(std::max(frames.size(), queues.size()));
    for (std::size_t q = 0; q < queues.size(); ++q) frames[q] += static_cast<double>(queues[q]);
  }
  const double all = std::accumulate(frames.begin(), frames.end(), 0.0);
  if (all <= 0) return "";
  for (double& one : frames) one *= 100 / all;
  if (frames.size() <= kListed) return fmt::format("{:.0f}", fmt::join(frames, "/"));
  const auto [least, most] = std::ranges::minmax(frames);
  return fmt::format("{:.1f}–{:.1f}", least, most);
}

// Of the greatest rate that the link could carry.
std::string line_rate_cell(const CaseResult& result) {
  std::vector<double> shares;
  for (const TrialRecord& trial : result.trials)
    if (in_summary(trial) && trial.mpps && trial.line_rate_pps && *trial.line_rate_pps > 0)
      shares.push_back(100e6 * *trial.mpps / *trial.line_rate_pps);
  return fixed(summarize(std::move(shares)).median, 1);
}

bool has_line_rate(const std::vector<CaseResult>& cases) {
  return std::ranges::any_of(cases, [](const CaseResult& c) { return !line_rate_cell(c).empty(); });
}

bool has_queues(const std::vector<CaseResult>& cases) {
  return std::ranges::any_of(cases, [](const CaseResult& c) { return c.spec.queues > 1; });
}

std::string cycles_cell(const CaseResult& result) {
  const CaseSummary summary = *summarize_case(result);
  const std::string whole = fixed(summary.cycles_per_packet.median, 0);
  const std::string busy = fixed(summary.busy_cycles_per_packet.median, 0);
  return busy.empty() ? whole : busy + " busy (" + whole + ")";
}

std::vector<ResultColumn> throughput_columns(const std::vector<CaseResult>& cases) {
  std::vector<ResultColumn> made = {
      {.head = "Mpps", .cell = rate_cell},
      {.head = "95% CI", .leave_out = 6, .cell = interval_cell},
      {.head = "ns/packet",
       .leave_out = 8,
       .cell =
           [](const CaseResult& c) { return fixed(summarize_case(c)->ns_per_packet.median, 1); }},
      {.head = "cycles/packet", .leave_out = 3, .cell = cycles_cell},
      {.head = "loss %", .leave_out = 7, .cell = loss_cell}};
  if (has_line_rate(cases))
    made.push_back({.head = "% of line", .leave_out = 4, .cell = line_rate_cell});
  if (has_queues(cases)) made.push_back({.head = "% by queue", .leave_out = 5, .cell = queue_cell});
  return made;
}

// "4 queues on 1 CPU", by case; empty where each queue of each has a CPU of its own.
std::string shared_cpus(const std::vector<CaseResult>& cases) {
  std::set<std::string> found;
  for (const CaseResult& c : cases)
    for (const TrialRecord& trial : c.trials) {
      const auto cpus = std::ranges::count(trial.cpus, "dut", &CpuUsage::role);
      if (cpus > 0 && static_cast<std::size_t>(cpus) < c.spec.queues)
        found.insert(
            fmt::format("{} queues on {} CPU{}", c.spec.queues, cpus, cpus == 1 ? "" : "s"));
    }
  return fmt::format("{}", fmt::join(found, ", "));
}

void explain_throughput(const std::vector<CaseResult>& cases, Legend& legend) {
  std::map<std::size_t, double> confidence;  // by number of trials
  std::set<std::string> sources;
  bool disturbed = false;
  bool spins = false;
  for (const CaseResult& c : cases) {
    spins |= summarize_case(c)->busy_cycles_per_packet.n > 0;
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
  if (has_line_rate(cases))
    legend.add("% of line: Mpps in percent of what the link can carry of frames of that size.");
  if (has_queues(cases))
    legend.add(
        "% by queue: the share of the frames that each RX queue received, queue 0 first; of more "
        "than 8 the least and the greatest.");
  if (const std::string shared = shared_cpus(cases); !shared.empty())
    legend.add("Queues that share a CPU of the DUT's: " + shared + ".");
  if (sources.contains("pmu"))
    legend.add(
        "Cycles: core cycles (pmu) of every CPU that worked for the DUT, at the load it had.");
  if (sources.contains("tsc"))
    legend.add(
        "Cycles: on-CPU time × TSC frequency (tsc) of every CPU that worked for the DUT, at the "
        "load it had.");
  if (spins)
    legend.add(
        "busy: of a loop that spins, without its polls in vain; in brackets its whole CPU, which "
        "is "
        "full at any rate.");
  if (sources.size() > 1) legend.add("Cycles from pmu and tsc must not be compared.");
}

}  // namespace

MethodType throughput_method() {
  return {.name = "throughput",
          .summary = "trials of each case at its own rate, in rounds",
          .options = options(),
          .make = [](const Options& o) { return std::make_unique<const Throughput>(o); },
          .refuses =
              [](const Options& o, std::size_t cases) {
                if (option<bool>(o, "restart") || cases == 1) return std::string();
                return "\"restart\": false needs a scenario of one case, and this has " +
                       std::to_string(cases) + ": they take turns on the device";
              },
          .columns = throughput_columns,
          .explain = explain_throughput};
}

}  // namespace pktbench::method
