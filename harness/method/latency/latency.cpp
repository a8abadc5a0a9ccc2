#include "harness/method/latency/latency.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "harness/method/latency/latency_table.hpp"
#include "harness/method/latency/loads.hpp"
#include "harness/method/reference_load.hpp"
#include "harness/method/rounds.hpp"
#include "harness/method/trial_options.hpp"

namespace pktbench::method {

namespace {

constexpr const char* kUnloaded = "unloaded";

// In the order in which they are measured. Errors: as parse_loads(); and a load without a rate.
Result<std::vector<WantedLoad>> loads_of(const Options& options) {
  auto loads = parse_loads(option<std::string>(options, "loads"), 1);
  if (!loads) return loads;
  for (const WantedLoad& load : *loads)
    if (!load.share && !load.pps)
      return make_error(ErrorCode::invalid_input,
                        "loads: of \"{}\" no frame is due at any time: it has no latency",
                        load.name);
  if (const auto pps = option<double>(options, "unloaded_pps"); pps > 0)
    loads->insert(loads->begin(), WantedLoad{kUnloaded, std::nullopt, pps});
  return loads;
}

class Latency final : public Method {
 public:
  explicit Latency(const Options& options)
      : plan_(rules_of(options)),
        loads_(*loads_of(options)),
        reference_(options, option<double>(options, "warmup_s")),
        rounds_(static_cast<int>(option<std::int64_t>(options, "trials"))),
        max_repeats_(static_cast<int>(option<std::int64_t>(options, "max_repeats"))) {
    plan_.warmup_s = option<double>(options, "warmup_s");
    plan_.duration_s = option<double>(options, "duration_s");
    plan_.delays = true;
  }

  int rounds() const override { return rounds_; }

  std::optional<Step> next(const CaseResult& so_far, int round) const override {
    const ReferenceState reference = reference_.of(so_far, 0);
    if (reference.next) return reference.next;
    const std::size_t at = placed(so_far, round, reference).next;
    if (at == loads_.size()) return std::nullopt;
    Step step{plan_, start_in(so_far, round), false};
    step.plan.rate_pps = rate_of(loads_[at], reference.found.pps);
    return step;
  }

  // How many trials a reference takes is known when it is over.
  std::size_t trials_left(const CaseResult& so_far) const override {
    const ReferenceState reference = reference_.of(so_far, 0);
    std::size_t left = reference.next.has_value();
    for (int round = 0; round < rounds_; ++round)
      left += loads_.size() - placed(so_far, round, reference).next;
    return left;
  }

  void conclude(std::vector<CaseResult>& cases) const override {
    pktbench::conclude(cases);
    for (CaseResult& c : cases) sum_up(c);
  }

 private:
  struct Placed {
    std::vector<std::pair<std::size_t, const TrialRecord*>> trials;  // each with its load
    std::size_t next = 0;                                            // load
  };

  // The reference is the first round's, so that a load is the same in all. A load that was
  // disturbed is made again, up to max_repeats times.
  Placed placed(const CaseResult& c, int round, const ReferenceState& reference) const {
    Placed made;
    const auto pass_shares = [&] {
      while (!reference.found.pps && made.next < loads_.size() && loads_[made.next].share)
        ++made.next;
    };
    if (reference.next) return made;
    pass_shares();
    int disturbed = 0;
    for (const TrialRecord* trial : trials_after(reference, c, round)) {
      if (made.next == loads_.size()) break;
      made.trials.emplace_back(made.next, trial);
      disturbed = trial->disturbed ? disturbed + 1 : 0;
      if (trial->disturbed && disturbed <= max_repeats_) continue;
      disturbed = 0;
      ++made.next;
      pass_shares();
    }
    return made;
  }

  void sum_up(CaseResult& c) const {
    const ReferenceState reference = reference_.of(c, 0);
    std::map<std::size_t, std::vector<const TrialRecord*>> by_load;
    std::vector<const TrialRecord*> all;
    for (int round = 0; round < rounds_; ++round)
      for (const auto& [load, trial] : placed(c, round, reference).trials)
        if (trial->in_summary.value_or(false) && trial->latency) {
          by_load[load].push_back(trial);
          all.push_back(trial);
        }
    c.references.clear();
    c.latency.clear();
    c.metrics.clear();
    if (!reference.next && !c.trials.empty()) c.references.push_back(reference.found);
    for (const auto& [load, trials] : by_load) {
      auto sum = sum_of(loads_[load].name, trials);
      if (!sum) continue;  // of a record that was tampered with
      add_metrics(c, loads_[load].name, trials);
      c.latency.push_back(std::move(*sum));
    }
    c.limiter = majority_limiter(all);
    // Each is at a load of its own: no rate or cost can be taken from all of them.
    for (TrialRecord& trial : c.trials) trial.in_summary = false;
    if (c.latency.empty() || !reference.found.pps) judge_loads(reference, !c.latency.empty(), c);
  }

  static void add_metrics(CaseResult& c, const std::string& load,
                          const std::vector<const TrialRecord*>& trials) {
    Metric p50{"p50 at " + load, "ns", false, {}};
    Metric p99{"p99 at " + load, "ns", false, {}};
    for (const TrialRecord* trial : trials) {
      const auto one = sum_of(load, {trial});
      if (!one) continue;
      const std::string round = std::to_string(trial->round);
      if (one->ns.p50) p50.by_round[round] = *one->ns.p50;
      if (one->ns.p99) p99.by_round[round] = *one->ns.p99;
    }
    for (Metric* metric : {&p50, &p99})
      if (!metric->by_round.empty()) c.metrics.push_back(std::move(*metric));
  }

  TrialPlan plan_;
  std::vector<WantedLoad> loads_;
  ReferenceLoad reference_;
  int rounds_;
  int max_repeats_;
};

std::vector<OptionSpec> latency_options() {
  std::vector<OptionSpec> made = {
      text_option("loads", "10%, 50%, 90%",
                  "shares of the reference (loads_of), or packets/s; one after the other"),
      number_option("unloaded_pps", 1000.0, 0, 1e9,
                    "packets/s; a load at which each frame finds the device idle, before the "
                    "others; 0: none"),
      choice_option(kStamp, {kStampNames.begin(), kStampNames.end()},
                    "who reads the clock when a frame is there: the workload, the kernel when it "
                    "takes the frame from its driver, or the port"),
      number_option("trials", 3, 1, 1000, "rounds: trials of each load"),
      number_option("warmup_s", 0.2, 0, 3600, "seconds of traffic before a trial's window"),
      number_option("duration_s", 2.0, 0.01, 86'400, "seconds of a trial's window")};
  for (const auto& more : {reference_options(), trial_options()})
    made.insert(made.end(), more.begin(), more.end());
  return made;
}

}  // namespace

MethodType latency_method() {
  return {.name = "latency",
          .summary =
              "how late frames are, by the time each was due, at shares of the PDR and "
              "unloaded",
          .options = latency_options(),
          .make = [](const Options& o) { return std::make_unique<const Latency>(o); },
          .refuses =
              [](const Options& o, std::size_t) {
                const auto loads = loads_of(o);
                return loads ? std::string() : loads.error().message;
              },
          .columns = latency_columns,
          .explain = explain_latency,
          .stamps = true};
}

}  // namespace pktbench::method
