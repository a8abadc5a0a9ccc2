#include "harness/runner/trial_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/core/lookup.hpp"
#include "harness/runner/run.hpp"

namespace pktbench {

namespace {

int place_in_round(const Scenario& scenario, int round, std::size_t place) {
  const auto order = round_order(scenario.order_seed, round, scenario.cases.size());
  return static_cast<int>(std::ranges::find(order, place) - order.begin());
}

// Why `trial` cannot come next; empty: it can. A round of each kind is made after the earlier ones
// of its kind; rounds of different cases may be out of step, where a case was given up and then
// resumed.
std::string why_not(const Scenario& scenario, const Method& method, std::size_t number,
                    const CaseResult& c, const TrialRecord& trial) {
  if (const std::size_t next = c.trials.size() + c.bpf_trials.size();
      trial.index != static_cast<int>(next))
    return fmt::format("it is trial {}, and the next is {}", trial.index, next);
  const int more = trial.bpf_stats ? 0 : method.extra_rounds();
  if (trial.round < 0 || trial.round >= method.rounds() + more)
    return fmt::format("its round is {}, and this run has {} from 0{}", trial.round,
                       method.rounds(), more ? fmt::format(" and at most {} more", more) : "");
  if (const int place = place_in_round(scenario, trial.round, number); trial.order != place)
    return fmt::format("it was number {} of round {}, and by this run's seed is number {}",
                       trial.order, trial.round, place);
  const auto& earlier = trial.bpf_stats ? c.bpf_trials : c.trials;
  if (!earlier.empty() && trial.round < earlier.back().round)
    return fmt::format("it is of round {} and comes after round {}", trial.round,
                       earlier.back().round);
  const auto next = method.next(c, trial.round);
  if (next && next->bpf_stats == trial.bpf_stats) return "";
  if (next && trial.bpf_stats)
    return fmt::format("it took the run time of BPF programs, and the next of round {} does not",
                       trial.round);
  return fmt::format("round {} was done without it", trial.round);
}

}  // namespace

Result<void> check_trials(const TrialLog& log, const Scenario& scenario, const std::string& dir) {
  const auto method = scenario.method->make(scenario.method_options);
  std::vector<CaseResult> so_far;  // what the lines before have of each case
  for (const CaseSpec& spec : scenario.cases) so_far.emplace_back().spec = spec;
  std::size_t line = 0;  // each is a trial
  for (const LoggedTrial& logged : log.trials) {
    const auto refuse = [&](const std::string& why) {
      return make_error(ErrorCode::invalid_input, "{}/{}, line {}: {}", dir, kTrialLogName, line,
                        why);
    };
    ++line;
    const CaseSpec* spec = find_by(scenario.cases, logged.case_id, &CaseSpec::id);
    if (!spec) return refuse("case \"" + logged.case_id + "\" is none of this run's");
    const auto number = static_cast<std::size_t>(spec - scenario.cases.data());
    CaseResult& made = so_far[number];
    if (const std::string why = why_not(scenario, *method, number, made, logged.trial);
        !why.empty())
      return refuse("no trial of case \"" + logged.case_id + "\" of this run: " + why);
    (logged.trial.bpf_stats ? made.bpf_trials : made.trials).push_back(logged.trial);
  }
  return {};
}

}  // namespace pktbench
