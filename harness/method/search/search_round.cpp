#include "harness/method/search/search_round.hpp"

#include <algorithm>

namespace pktbench::method {

namespace {

// Share of the frames due that are not missed: a window ends between two bursts.
constexpr double kUnsentUnheeded = 0.001;

// REQUIRES: the trial is ok.
LoadTrial load_trial(const TrialRecord& trial) {
  const double due = static_cast<double>(trial.offered.packets + trial.offered.unsent);
  auto unsent = static_cast<double>(trial.offered.unsent);
  if (unsent <= kUnsentUnheeded * due) unsent = 0;
  // A frame that the workload sent back and that did not return is lost as well.
  double lost =
      static_cast<double>(trial.offered.packets) - static_cast<double>(trial.received.packets);
  if (trial.returned)
    lost += static_cast<double>(trial.returned->sent_back) -
            static_cast<double>(trial.returned->packets);
  return {trial.target_pps ? *trial.target_pps : trial.offered_pps.value_or(0), trial.duration_s,
          trial.effective_s, due > 0 ? std::max(0.0, lost) / due : 1, due > 0 ? unsent / due : 0};
}

}  // namespace

void SearchRound::add(const TrialRecord& trial) {
  ++made;
  disturbed_in_a_row = trial.disturbed ? disturbed_in_a_row + 1 : 0;
  broken |= trial.status == TrialStatus::invalid && !trial.disturbed;
  if (trial.status != TrialStatus::ok) return;
  trials.push_back(load_trial(trial));
  if (trial.line_rate_pps) line_rate_pps = trial.line_rate_pps;
}

double SearchRound::seconds() const {
  double sum = 0;
  for (const LoadTrial& trial : trials) sum += trial.effective_s;
  return sum;
}

SearchRound search_round(const CaseResult& c, int round) {
  SearchRound made;
  for (const TrialRecord& trial : c.trials)
    if (trial.round == round) made.add(trial);
  return made;
}

}  // namespace pktbench::method
