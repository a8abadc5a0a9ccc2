#include "harness/method/flip/flip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/measure/summary.hpp"
#include "harness/method/case_summary.hpp"
#include "harness/method/rounds.hpp"
#include "harness/method/trial_options.hpp"
#include "harness/text/record_number.hpp"

namespace pktbench::method {

namespace {

constexpr double kLeastStretches = 4;  // on each side of the change, beside what settles

std::vector<const FlipRecord*> flips_of(const CaseResult& c) {
  std::vector<const FlipRecord*> made;
  for (const TrialRecord& trial : c.trials)
    if (in_summary(trial) && trial.flip) made.push_back(&*trial.flip);
  return made;
}

std::vector<double> flip_values(const CaseResult& c, std::optional<double> FlipRecord::*value) {
  std::vector<double> values;
  for (const FlipRecord* flip : flips_of(c))
    if (const auto& v = flip->*value; v && std::isfinite(*v)) values.push_back(*v);
  return values;
}

// Stretch by stretch, as far as each of them goes.
std::vector<FlipSample> mean_series(const std::vector<const FlipRecord*>& flips) {
  std::size_t length = flips.front()->series.size();
  for (const FlipRecord* flip : flips) length = std::min(length, flip->series.size());
  std::vector<FlipSample> made(length);
  const auto n = static_cast<double>(flips.size());
  for (std::size_t i = 0; i < length; ++i) {
    FlipSample& mean = made[i];
    double packets = 0;
    double turned = 0;
    std::optional<double> cycles = 0;
    for (const FlipRecord* flip : flips) {
      const FlipSample& s = flip->series[i];
      mean.at_ms += s.at_ms / n;
      mean.length_ms += s.length_ms / n;
      mean.dut_cpu += s.dut_cpu / n;
      packets += static_cast<double>(s.packets) / n;
      turned += static_cast<double>(s.turned) / n;
      cycles = cycles && s.cycles ? std::optional(*cycles + *s.cycles / n) : std::nullopt;
    }
    mean.packets = static_cast<std::uint64_t>(std::llround(packets));
    mean.turned = static_cast<std::uint64_t>(std::llround(turned));
    mean.cycles = cycles;
  }
  return made;
}

// Medians of the trials, with the mean of their series and the greatest cost of sampling.
std::optional<FlipRecord> flip_of(const CaseResult& c) {
  const auto flips = flips_of(c);
  if (flips.empty()) return std::nullopt;
  const auto median = [&](std::optional<double> FlipRecord::*value) {
    return summarize(flip_values(c, value)).median;
  };
  FlipRecord made;
  made.action = flips.front()->action;
  for (const FlipRecord* flip : flips) {
    made.flipped_at_ms += flip->flipped_at_ms / static_cast<double>(flips.size());
    made.sampler_cpu = std::max(made.sampler_cpu, flip->sampler_cpu);
  }
  made.visible_after_ms = median(&FlipRecord::visible_after_ms);
  made.cycles_pass = median(&FlipRecord::cycles_pass);
  made.cycles_drop = median(&FlipRecord::cycles_drop);
  made.tax_cycles = median(&FlipRecord::tax_cycles);
  if (!made.tax_cycles) made.tax_reason = flips.front()->tax_reason;
  made.series = mean_series(flips);
  return made;
}

class Flip final : public Method {
 public:
  explicit Flip(const Options& options)
      : plan_(rules_of(options)),
        rounds_(static_cast<int>(option<std::int64_t>(options, "trials"))),
        max_repeats_(static_cast<int>(option<std::int64_t>(options, "max_repeats"))) {
    plan_.warmup_s = option<double>(options, "warmup_s");
    plan_.duration_s = option<double>(options, "duration_s");
    FlipPlan flip;
    flip.action = option<std::string>(options, "action");
    flip.at_s = plan_.duration_s / 2;
    flip.every_s = option<double>(options, "every_s");
    plan_.flip = flip;
  }

  int rounds() const override { return rounds_; }
  int extra_rounds() const override { return max_repeats_; }

  std::optional<Step> next(const CaseResult& so_far, int round) const override {
    if (round_done(so_far.trials, round, max_repeats_)) return std::nullopt;
    Step step{plan_, Start::alone, false};
    step.plan.rate_pps = so_far.spec.rate_pps;
    return step;
  }

  std::size_t trials_left(const CaseResult& so_far) const override {
    std::size_t left = 0;
    for (int round = 0; round < rounds_; ++round)
      left += !round_done(so_far.trials, round, max_repeats_);
    return left;
  }

  std::vector<bool> wants_more(const std::vector<CaseResult>& cases) const override {
    return cases_short(cases, rounds_);
  }

  void conclude(std::vector<CaseResult>& cases) const override {
    pktbench::conclude(cases);
    for (CaseResult& c : cases) {
      Metric tax{"tax_cycles", "cycles", false, {}};
      for (const TrialRecord& trial : c.trials)
        if (in_summary(trial) && trial.flip && trial.flip->tax_cycles)
          tax.by_round[std::to_string(trial.round)] = *trial.flip->tax_cycles;
      c.metrics = {tax};
      c.flip = flip_of(c);
    }
  }

 private:
  TrialPlan plan_;
  int rounds_;
  int max_repeats_;
};

std::vector<OptionSpec> flip_options() {
  const FlipPlan kFlip;
  std::vector<OptionSpec> made = {
      choice_option("action", {"drop", "touch", "parse"},
                    "what frames meet after the change: dropped unread, after one read, or after "
                    "their headers were read"),
      number_option("trials", 5, 1, 100'000, "measured intervals of each case"),
      number_option("warmup_s", 0.2, 0, 3600, "seconds of traffic before each, passed on"),
      number_option("duration_s", 1.0, 0.4, 3600, "seconds of each; the change is in the middle"),
      number_option("every_s", kFlip.every_s, 0.001, 1, "seconds between two samples")};
  made.insert(made.end(), trial_options().begin(), trial_options().end());
  return made;
}

std::string refuses_flip(const Options& o) {
  const double side = option<double>(o, "duration_s") / 2 - FlipPlan().settle_s;
  const double least = kLeastStretches * option<double>(o, "every_s");
  if (side >= least) return "";
  return fmt::format(
      "duration_s of {:g} leaves {:g} s on each side of the change, and every_s of {:g} needs {:g}",
      option<double>(o, "duration_s"), side, option<double>(o, "every_s"), least);
}

std::string fixed_cell(const std::optional<double>& value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : "";
}

std::string tax_interval(const CaseResult& c) {
  const auto ci = summarize(flip_values(c, &FlipRecord::tax_cycles)).ci95;
  return ci ? fmt::format("{:.0f}–{:.0f}", ci->lo, ci->hi) : "";
}

std::vector<ResultColumn> flip_columns(const std::vector<CaseResult>&) {
  const auto of = [](std::optional<double> FlipRecord::*value, int digits) {
    return [=](const CaseResult& c) {
      return c.flip ? fixed_cell((*c.flip).*value, digits) : std::string();
    };
  };
  const auto rate = [](const CaseResult& c) {
    const auto mpps = summarize_case(c)->mpps.median;
    return mpps ? fmt::format("{:.1f}", *mpps * 1e3) : "";
  };
  return {{.head = "kpps", .cell = rate},
          {.head = "pass", .cell = of(&FlipRecord::cycles_pass, 0)},
          {.head = "after", .cell = of(&FlipRecord::cycles_drop, 0)},
          {.head = "tax", .cell = of(&FlipRecord::tax_cycles, 0)},
          {.head = "95% CI", .leave_out = 4, .cell = tax_interval},
          {.head = "seen ms", .leave_out = 3, .cell = of(&FlipRecord::visible_after_ms, 1)}};
}

void explain_flip(const std::vector<CaseResult>& cases, Legend& legend) {
  std::set<std::string> actions;
  std::set<std::string> sources;
  double sampler = 0;
  for (const CaseResult& c : cases) {
    if (!c.flip) continue;
    actions.insert(c.flip->action);
    sampler = std::max(sampler, c.flip->sampler_cpu);
    for (const TrialRecord& trial : c.trials)
      if (in_summary(trial) && !trial.cycles_source.empty()) sources.insert(trial.cycles_source);
  }
  legend.add(fmt::format(
      "pass, after: cycles per packet ({}) while frames go on into the stack, and once the same "
      "program is turned to {}; medians of the trials. tax: the difference, which is the stack's.",
      fmt::join(sources, ", "), fmt::join(actions, ", ")));
  legend.add(fmt::format(
      "seen ms: from the change to the end of the first sample with a frame that met it. Sampling "
      "took {:.2f}% of a CPU of the generator's.",
      sampler * 100));
  for (const CaseResult& c : cases)
    if (c.flip && !c.flip->tax_cycles)
      legend.add(fmt::format("No tax of {}: {}.", c.spec.id, c.flip->tax_reason));
}

const Fields<FlipSample>& flip_sample_fields() {
  using namespace notes;
  using S = FlipSample;
  static const Fields<S> made(
      "",
      {{"at_ms", &S::at_ms, "Its end, since the window opened.", unit("ms")},
       {"length_ms", &S::length_ms, "Of the stretch.", unit("ms")},
       {"packets", &S::packets, "Received in it."},
       {"turned", &S::turned, "Of them met the new action."},
       {"cycles", &S::cycles, "Of all CPUs that worked for the DUT.", unit("cycles"),
        null("the PMU gave no reading for one of the CPUs")},
       {"dut_cpu", &S::dut_cpu, "CPUs that worked for the DUT: 1 is one whole CPU.", unit("1")}});
  return made;
}

}  // namespace

MethodType flip_method() {
  return {.name = "flip",
          .summary =
              "the kernel's tax: cycles per packet as a program turns from pass to drop in "
              "mid-window, workload flip",
          .options = flip_options(),
          .make = [](const Options& o) { return std::make_unique<const Flip>(o); },
          .refuses = [](const Options& o, std::size_t) { return refuses_flip(o); },
          .columns = flip_columns,
          .explain = explain_flip};
}

const Fields<FlipRecord>& flip_fields() {
  using namespace notes;
  using F = FlipRecord;
  constexpr const char* kNoSide = "no packets, or no cycles, on that side of the change";
  static const Fields<F> made(
      "",
      {{"action", &F::action, "What frames met after the change; before it they were passed on."},
       {"flipped_at_ms", &F::flipped_at_ms, "Of the change, since the window opened.", unit("ms")},
       {"visible_after_ms", &F::visible_after_ms,
        "From the change to the end of the first sample with a frame that met the new action.",
        unit("ms"), null("no frame met it before the window ended")},
       {"cycles_pass", &F::cycles_pass, "Per packet, before the change.", unit("cycles"),
        null(kNoSide)},
       {"cycles_drop", &F::cycles_drop, "Per packet, after it.", unit("cycles"), null(kNoSide)},
       {"tax_cycles", &F::tax_cycles,
        "`cycles_pass` - `cycles_drop`: what the stack took of each packet.", unit("cycles"),
        bounds(kRecordable), null([](const F& f) { return f.tax_reason; })},
       {"tax_reason", &F::tax_reason, "Why there is no `tax_cycles`; only where there is none.",
        written([](const F& f) { return !f.tax_reason.empty(); })},
       {"sampler_cpu", &F::sampler_cpu,
        "What sampling took of a CPU of the generator's: 1 is one whole CPU.", unit("1")},
       {"series", list(&F::series, flip_sample_fields()), "Each sample."}});
  return made;
}

}  // namespace pktbench::method
