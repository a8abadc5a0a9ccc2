// Does a log of trials belong to this scenario? A run that is resumed goes on from it.
#pragma once

#include <string>

#include "harness/core/result.hpp"
#include "harness/record/trial_log.hpp"
#include "harness/runner/scenario.hpp"

namespace pktbench {

// Errors: invalid_input names the first line that a run of the scenario, resumed or not, would not
// have written where it stands: "DIR/trials.jsonl, line N: ...".
Result<void> check_trials(const TrialLog& log, const Scenario& scenario, const std::string& dir);

}  // namespace pktbench
