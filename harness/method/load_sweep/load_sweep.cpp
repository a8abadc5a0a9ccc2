#include "harness/method/load_sweep/load_sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/core/lookup.hpp"
#include "harness/measure/summary.hpp"
#include "harness/method/reference_load.hpp"
#include "harness/method/rounds.hpp"
#include "harness/method/trial_options.hpp"

namespace pktbench::method {

namespace {

constexpr const char* kCharged = "charged";  // to the DUT, wherever it ran

std::optional<double> of_evidence(const TrialRecord& trial, const char* name) {
  const double* value = find_in(trial.evidence, name);
  return value ? std::optional(*value) : std::nullopt;
}

std::map<std::string, double> cpu_by_work(const TrialRecord& trial, const char* role) {
  std::map<std::string, double> made;
  for (const CpuUsage& cpu : trial.cpus) {
    if (cpu.role != role) continue;
    for (std::size_t i = 0; i < kCpuClasses; ++i)
      if (static_cast<CpuClass>(i) != CpuClass::idle) made[kCpuClassNames[i]] += cpu.classes[i];
  }
  return made;
}

SweepLoad row_of(const WantedLoad& load, const TrialRecord& trial) {
  SweepLoad row;
  row.round = trial.round;
  row.load = load.name;
  row.share = load.share;
  row.trial = trial.index;
  row.ok = trial.status == TrialStatus::ok;
  row.offered_pps = trial.offered_pps;
  row.received_pps = trial.received_pps;
  row.loss_ratio = trial.loss_ratio;
  row.cycles_per_packet = trial.cycles_per_packet;
  row.busy_cycles_per_packet = trial.busy_cycles_per_packet;
  row.dut_cpu = cpu_by_work(trial, "dut");
  if (trial.ns_per_packet && trial.received_pps)
    row.dut_cpu[kCharged] = *trial.ns_per_packet * *trial.received_pps / 1e9;
  row.generator_cpu = cpu_by_work(trial, "generator");
  row.wakeups_per_s = of_evidence(trial, "dut_wakeups_per_s");
  row.limiter = trial.limiter;
  return row;
}

class LoadSweep final : public Method {
 public:
  explicit LoadSweep(const Options& options)
      : plan_(rules_of(options)),
        loads_(*parse_loads(option<std::string>(options, "loads"), kGreatestShare)),
        reference_(options, option<double>(options, "warmup_s")),
        needs_reference_(std::ranges::any_of(
            loads_, [](const WantedLoad& load) { return load.share.has_value(); })),
        sweeps_(static_cast<int>(option<std::int64_t>(options, "sweeps"))),
        max_repeats_(static_cast<int>(option<std::int64_t>(options, "max_repeats"))) {
    plan_.warmup_s = option<double>(options, "warmup_s");
    plan_.duration_s = option<double>(options, "duration_s");
  }

  int rounds() const override { return sweeps_; }

  std::optional<Step> next(const CaseResult& so_far, int round) const override {
    const ReferenceState reference = reference_of(so_far);
    if (reference.next) return round == 0 ? reference.next : std::nullopt;
    if (needs_reference_ && !reference.found.pps) return std::nullopt;
    const Made made = made_in(so_far, round, reference);
    if (made.next == loads_.size()) return std::nullopt;
    Step step{plan_, start_in(so_far, round), false};
    step.plan.rate_pps = rate_of(load_at(round, made.next), reference.found.pps);
    return step;
  }

  // How many trials a reference takes is known when it is over.
  std::size_t trials_left(const CaseResult& so_far) const override {
    const ReferenceState reference = reference_of(so_far);
    if (needs_reference_ && !reference.next && !reference.found.pps) return 0;
    std::size_t left = reference.next.has_value();
    for (int round = 0; round < sweeps_; ++round)
      left += loads_.size() - made_in(so_far, round, reference).next;
    return left;
  }

  void conclude(std::vector<CaseResult>& cases) const override {
    pktbench::conclude(cases);
    for (CaseResult& c : cases) {
      take_out_of_summary(c);
      c.references.clear();
      c.sweep.clear();
      c.metrics.clear();
      const ReferenceState reference = reference_of(c);
      if (needs_reference_ && !reference.next && !c.trials.empty())
        c.references.push_back(reference.found);
      std::vector<const TrialRecord*> greatest;
      for (int round = 0; round < sweeps_; ++round)
        for (const auto& [load, trial] : made_in(c, round, reference).last) {
          c.sweep.push_back(row_of(*load, *trial));
          if (load == &loads_.back() && c.sweep.back().ok) greatest.push_back(trial);
        }
      set_metrics(c);
      c.limiter = majority_limiter(greatest);
      judge_loads(reference, !c.sweep.empty(), c);
    }
  }

 private:
  struct Made {
    // The last trial of each load begun, in the order of the round.
    std::vector<std::pair<const WantedLoad*, const TrialRecord*>> last;
    std::size_t next = 0;  // the place in the round of the load that is to be tried
  };

  ReferenceState reference_of(const CaseResult& c) const {
    return needs_reference_ ? reference_.of(c, 0) : ReferenceState{};
  }

  // Every other round goes down, so that what drifts or lasts is not taken for the load's.
  const WantedLoad& load_at(int round, std::size_t place) const {
    return round % 2 == 0 ? loads_[place] : loads_[loads_.size() - 1 - place];
  }

  Made made_in(const CaseResult& c, int round, const ReferenceState& reference) const {
    Made made;
    int disturbed = 0;
    for (const TrialRecord* trial : trials_after(reference, c, round)) {
      if (made.next == loads_.size()) break;
      const WantedLoad& load = load_at(round, made.next);
      const TrialRecord* before = disturbed > 0 ? made.last.back().second : nullptr;
      if (before) made.last.pop_back();
      made.last.emplace_back(&load, trial);
      disturbed = trial->disturbed ? disturbed + 1 : 0;
      const bool alike = before && before->disturbed_by == trial->disturbed_by;
      if (disturbed > 0 && disturbed <= max_repeats_ && !alike) continue;
      disturbed = 0;
      ++made.next;
    }
    return made;
  }

  void set_metrics(CaseResult& c) const {
    for (const WantedLoad& load : loads_) {
      Metric cycles{"cycles_per_packet at " + load.name, "cycles", false, {}};
      Metric rate{"mpps at " + load.name, "Mpps", true, {}};
      for (const SweepLoad& row : c.sweep) {
        if (row.load != load.name || !row.ok) continue;
        const auto cost =
            row.busy_cycles_per_packet ? row.busy_cycles_per_packet : row.cycles_per_packet;
        if (cost) cycles.by_round[std::to_string(row.round)] = *cost;
        if (row.received_pps) rate.by_round[std::to_string(row.round)] = *row.received_pps / 1e6;
      }
      for (Metric& metric : {std::ref(rate), std::ref(cycles)})
        if (!metric.by_round.empty()) c.metrics.push_back(std::move(metric));
    }
  }

  TrialPlan plan_;
  std::vector<WantedLoad> loads_;
  ReferenceLoad reference_;
  bool needs_reference_;
  int sweeps_;
  int max_repeats_;
};

std::vector<OptionSpec> sweep_options() {
  std::vector<OptionSpec> made = {
      text_option("loads", "10%, 25%, 50%, 75%, 90%, 100%",
                  "in the order to be tried: shares (of what loads_of says), packets/s, or max"),
      number_option("sweeps", 3, 1, 1000, "of each case: one trial a load, in turn up and down"),
      number_option("warmup_s", 0.1, 0, 3600, "seconds of traffic before a trial's window"),
      number_option("duration_s", 1.0, 0.01, 86'400, "seconds of the window")};
  for (const auto& more : {reference_options(), trial_options()})
    made.insert(made.end(), more.begin(), more.end());
  return made;
}

std::string refuses_sweep(const Options& o) {
  const auto loads = parse_loads(option<std::string>(o, "loads"), kGreatestShare);
  return loads ? "" : loads.error().message;
}

// Of the ok rows of a load: their values in some unit.
template <class F>
std::optional<double> median_at(const CaseResult& c, const std::string& load, F&& value) {
  std::vector<double> values;
  for (const SweepLoad& row : c.sweep)
    if (row.load == load && row.ok)
      if (const std::optional<double> v = value(row)) values.push_back(*v);
  return summarize(std::move(values)).median;
}

std::optional<double> cost_of(const SweepLoad& row) {
  return row.busy_cycles_per_packet ? row.busy_cycles_per_packet : row.cycles_per_packet;
}
std::optional<double> cpu_of(const SweepLoad& row) {
  const double* charged = find_in(row.dut_cpu, kCharged);
  return charged ? std::optional(100 * *charged) : std::nullopt;
}
std::optional<double> loss_of(const SweepLoad& row) {
  return row.loss_ratio ? std::optional(100 * *row.loss_ratio) : std::nullopt;
}

std::string sweep_reference_cell(const CaseResult& c) {
  if (c.references.empty() || !c.references.front().pps) return "";
  const LoadReference& reference = c.references.front();
  return fmt::format("{}{:.3f}",
                     reference.regular ? ""
                     : reference.rough ? "≈"
                                       : "≥",
                     *reference.pps / 1e6);
}

// The loads that have a column: the first, the middle one and the last.
std::vector<std::string> shown_loads(const std::vector<CaseResult>& cases) {
  std::vector<std::string> loads;
  for (const CaseResult& c : cases)
    for (const SweepLoad& row : c.sweep)
      if (row.round == 0 && !contains(loads, row.load)) loads.push_back(row.load);
  if (loads.size() <= 3) return loads;
  return {loads.front(), loads[loads.size() / 2], loads.back()};
}

std::vector<ResultColumn> sweep_columns(const std::vector<CaseResult>& cases) {
  const std::vector<std::string> loads = shown_loads(cases);
  const auto by_load = [&](auto value, const char* format) {
    return [=](const CaseResult& c) {
      std::string made;
      bool any = false;
      for (const std::string& load : loads) {
        const auto median = median_at(c, load, value);
        any |= median.has_value();
        made += (load == loads.front() ? "" : "/") +
                (median ? fmt::format(fmt::runtime(format), *median) : std::string("-"));
      }
      return any ? made : "";
    };
  };
  const std::string heads = fmt::format("{}", fmt::join(loads, "/"));
  const auto wakeups = [](const SweepLoad& row) -> std::optional<double> {
    return row.wakeups_per_s ? std::optional(*row.wakeups_per_s / 1e3) : std::nullopt;
  };
  return {{.head = "100% Mpps", .leave_out = 2, .cell = sweep_reference_cell},
          {.head = "cycles/pkt " + heads, .cell = by_load(cost_of, "{:.0f}")},
          {.head = "CPU %", .leave_out = 3, .cell = by_load(cpu_of, "{:.0f}")},
          {.head = "lost %", .leave_out = 4, .cell = by_load(loss_of, "{:.2f}")},
          {.head = "k wake-ups/s", .leave_out = 6, .cell = by_load(wakeups, "{:.1f}")}};
}

void explain_sweep(const std::vector<CaseResult>& cases, Legend& legend) {
  std::set<int> rounds;
  std::set<std::string> sources;
  std::set<std::string> reasons;
  std::set<std::string> what;
  bool spins = false;
  for (const CaseResult& c : cases) {
    for (const SweepLoad& row : c.sweep) {
      rounds.insert(row.round);
      spins |= row.busy_cycles_per_packet.has_value();
    }
    for (const TrialRecord& trial : c.trials)
      if (trial.cycles_per_packet) sources.insert(trial.cycles_source);
    for (const LoadReference& reference : c.references) {
      what.insert(reference.what);
      if (!reference.regular)
        reasons.insert(fmt::format("{} of {}: {}", reference.what, c.spec.id, reference.reason));
    }
  }
  legend.add(fmt::format(
      "Loads {}: medians of {} sweep{}; every load is in run.json and in the figure.",
      fmt::join(shown_loads(cases), "/"), rounds.size(), rounds.size() == 1 ? "" : "s"));
  if (!what.empty())
    legend.add(fmt::format("100% Mpps: the load that shares are of ({}).", fmt::join(what, ", ")));
  for (const std::string& reason : reasons) legend.add("Irregular, " + reason + ".");
  legend.add("CPU %: CPU time charged to the DUT, wherever it ran; 100 is one whole CPU.");
  legend.add("Wake-ups: of the DUT's receiving and NAPI threads; softirqs in another's are none.");
  if (spins)
    legend.add("Cycles of a loop that spins are its busy ones: without its polls in vain.");
  if (sources.size() > 1) legend.add("Cycles from pmu and tsc must not be compared.");
  for (const std::string& source : sources)
    legend.add(source == "pmu"
                   ? "Cycles: core cycles (pmu) of every CPU that worked for the DUT."
                   : "Cycles: on-CPU time × TSC frequency (tsc) of every CPU that worked for the "
                     "DUT.");
}

}  // namespace

MethodType load_sweep_method() {
  return {.name = "load-sweep",
          .summary = "cost, CPU time, loss and wake-ups at each of several loads",
          .options = sweep_options(),
          .make = [](const Options& o) { return std::make_unique<const LoadSweep>(o); },
          .refuses = [](const Options& o, std::size_t) { return refuses_sweep(o); },
          .columns = sweep_columns,
          .explain = explain_sweep};
}

const Fields<SweepLoad>& sweep_fields() {
  using namespace notes;
  using S = SweepLoad;
  constexpr Bounds kCpus{0, 1e4};
  static const Fields<S> made(
      "",
      {{"round", &S::round, "Which of the sweeps, from 0; every other one goes down."},
       {"load", &S::load, "As the scenario has it: `50%`, `250000`, `max`."},
       {"share", &S::share, "Of the case's `reference`; null where the load is none.", unit("1"),
        null_is_a_value},
       {"trial", &S::trial, "Its `index`: the last that was made at this load."},
       {"ok", &S::ok, "That trial is; where not, its figures are no result."},
       {"offered_pps", &S::offered_pps, "Over the window.", unit("packets/s"), null_is_a_value},
       {"received_pps", &S::received_pps, "Over the window.", unit("packets/s"), null_is_a_value},
       {"loss_ratio", &S::loss_ratio, "Of the frames intended.", unit("0..1"), bounds(Bounds{0, 1}),
        null_is_a_value},
       {"cycles_per_packet", &S::cycles_per_packet, "As the trial's.", unit("cycles"),
        null_is_a_value},
       {"busy_cycles_per_packet", &S::busy_cycles_per_packet, "As the trial's.", unit("cycles"),
        null_is_a_value},
       {"dut_cpu", &S::dut_cpu,
        "CPU time by kind of work, of the DUT's CPUs together; 1 is one whole CPU. `charged` is "
        "what the DUT was charged, on any CPU.",
        unit("CPUs"), bounds(kCpus)},
       {"generator_cpu", &S::generator_cpu,
        "The same of the generator's; `softirq` there works for the DUT where NAPI runs in it.",
        unit("CPUs"), bounds(kCpus)},
       {"wakeups_per_s", &S::wakeups_per_s,
        "Of the DUT's receiving and NAPI threads (their voluntary switches); null where it was "
        "not read.",
        unit("1/s"), null_is_a_value},
       {"limiter", words(&S::limiter, kLimiterNames), "As the trial's."}});
  return made;
}

}  // namespace pktbench::method
