#include "harness/method/throughput.hpp"

#include <algorithm>
#include <cmath>
#include <map>
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
    std::vector<bool> made;
    for (const std::size_t rounds : rounds_short(cases, rounds_)) made.push_back(rounds > 0);
    return made;
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

std::string cycles_cell(const CaseResult& result) {
  const CaseSummary summary = *summarize_case(result);
  const std::string whole = fixed(summary.cycles_per_packet.median, 0);
  const std::string busy = fixed(summary.busy_cycles_per_packet.median, 0);
  return busy.empty() ? whole : busy + " busy (" + whole + ")";
}

std::vector<ResultColumn> throughput_columns() {
  return {
      {.head = "Mpps", .cell = rate_cell},
      {.head = "95% CI", .leave_out = 6, .cell = interval_cell},
      {.head = "ns/packet",
       .leave_out = 8,
       .cell =
           [](const CaseResult& c) { return fixed(summarize_case(c)->ns_per_packet.median, 1); }},
      {.head = "cycles/packet", .leave_out = 3, .cell = cycles_cell},
      {.head = "loss %", .leave_out = 7, .cell = loss_cell}};
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
          .columns = [](const auto&) { return throughput_columns(); },
          .explain = explain_throughput};
}

}  // namespace pktbench::method
