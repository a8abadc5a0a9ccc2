#include "harness/runner/trial_check.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "harness/runner/rounds.hpp"
#include "harness/runner/run.hpp"

namespace pktbench {

namespace {

// What the lines before have of a case: a round of each kind is made after the earlier ones of its
// kind. Rounds of different cases may be out of step, where a case was given up and then resumed.
struct Made {
  std::size_t place = 0;  // of the case in the scenario
  std::vector<TrialRecord> plain, bpf;
};

int place_in_round(const Scenario& scenario, int round, std::size_t place) {
  const auto order = round_order(scenario.order_seed, round, scenario.cases.size());
  return static_cast<int>(std::find(order.begin(), order.end(), place) - order.begin());
}

// Why `trial` cannot come next; empty: it can.
std::string why_not(const Scenario& scenario, const Made& made, const TrialRecord& trial) {
  const auto number = [](auto n) { return std::to_string(n); };
  const std::size_t next = made.plain.size() + made.bpf.size();
  if (trial.index != static_cast<int>(next))
    return "it is trial " + number(trial.index) + ", and the next is " + number(next);
  if (trial.bpf_stats && !scenario.plan.bpf_stats)
    return "it took the run time of BPF programs, and this run has bpf_stats off";
  const int more = trial.bpf_stats ? 0 : scenario.plan.max_repeats;
  if (trial.round < 0 || trial.round >= scenario.trials + more)
    return "its round is " + number(trial.round) + ", and this run has " + number(scenario.trials) +
           " from 0" + (more ? " and at most " + number(more) + " more" : "");
  if (const int place = place_in_round(scenario, trial.round, made.place); trial.order != place)
    return "it was number " + number(trial.order) + " of round " + number(trial.round) +
           ", and by this run's seed is number " + number(place);
  const auto& earlier = trial.bpf_stats ? made.bpf : made.plain;
  if (!earlier.empty() && trial.round < earlier.back().round)
    return "it is of round " + number(trial.round) + " and comes after round " +
           number(earlier.back().round);
  if (round_done(earlier, trial.round, scenario.plan.max_repeats))
    return "round " + number(trial.round) + " was done without it";
  return "";
}

}  // namespace

Result<void> check_trials(const TrialLog& log, const Scenario& scenario, const std::string& dir) {
  std::map<std::string, Made> cases;
  for (std::size_t i = 0; i < scenario.cases.size(); ++i) cases[scenario.cases[i].id].place = i;
  std::size_t line = 0;  // each is a trial
  for (const LoggedTrial& logged : log.trials) {
    const auto refuse = [&](const std::string& why) {
      return make_error(ErrorCode::invalid_input,
                        dir + "/" + kTrialLogName + ", line " + std::to_string(line) + ": " + why);
    };
    ++line;
    const auto found = cases.find(logged.case_id);
    if (found == cases.end())
      return refuse("case \"" + logged.case_id + "\" is none of this run's");
    Made& made = found->second;
    if (const std::string why = why_not(scenario, made, logged.trial); !why.empty())
      return refuse("no trial of case \"" + logged.case_id + "\" of this run: " + why);
    (logged.trial.bpf_stats ? made.bpf : made.plain).push_back(logged.trial);
  }
  return {};
}

}  // namespace pktbench
