// A method run on a device that is a function, for the tests of methods that measure at loads.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "harness/core/method.hpp"

namespace pktbench::method {

// Every option of the method at its default, but for `changes`.
inline Options options_of(const MethodType& type, const Options& changes) {
  Options options;
  for (const OptionSpec& o : type.options) options[o.name] = o.default_value;
  for (const auto& [name, value] : changes) options[name] = value;
  return options;
}

// What a device of this capacity makes of a trial; the generator offers 3 Mpps at most.
inline TrialRecord trial_of(const Step& step, double capacity) {
  constexpr double kMaxPps = 3e6;
  TrialRecord trial;
  trial.status = TrialStatus::ok;
  trial.target_pps = step.plan.rate_pps;
  trial.burst_frames = step.plan.burst_frames;
  trial.duration_s = step.plan.duration_s;
  trial.effective_s = step.plan.duration_s + step.plan.warmup_s + 0.1;
  const double load = std::min(step.plan.rate_pps.value_or(kMaxPps), kMaxPps);
  trial.offered_pps = load;
  trial.received_pps = std::min(load, capacity);
  trial.offered.packets = static_cast<std::uint64_t>(std::llround(load * trial.duration_s));
  trial.received.packets =
      static_cast<std::uint64_t>(std::llround(*trial.received_pps * trial.duration_s));
  trial.loss_ratio = 1 - *trial.received_pps / load;
  return trial;
}

using Change = std::function<void(TrialRecord&, std::size_t index)>;

// One case, measured to its end. `steps`: those that were made.
inline CaseResult run_method(const MethodType& type, const Options& options,
                             const std::function<double()>& capacity, const Change& change = {},
                             std::vector<Step>* steps = nullptr) {
  const auto method = type.make(options);
  std::vector<CaseResult> cases(1);
  cases[0].spec.id = "a-path/drop/64B/1q/1f";
  std::vector<TrialRecord>& trials = cases[0].trials;
  for (int round = 0; round < method->rounds(); ++round)
    while (const auto step = method->next(cases[0], round)) {
      if (trials.size() > 5000) break;
      TrialRecord trial = trial_of(*step, capacity());
      trial.round = round;
      trial.index = static_cast<int>(trials.size());
      if (change) change(trial, trials.size());
      trials.push_back(trial);
      if (steps) steps->push_back(*step);
    }
  method->conclude(cases);
  return cases[0];
}

}  // namespace pktbench::method
