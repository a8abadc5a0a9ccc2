// What every method lets a scenario say of its trials: the rules by which they are judged.
//
// Threads: none. Errors: none.
#pragma once

#include <vector>

#include "harness/core/options.hpp"
#include "harness/core/trial.hpp"

namespace pktbench::method {

// The rules, how often a disturbed trial is made again (max_repeats), and the seed of the order
// inside each round.
const std::vector<OptionSpec>& trial_options();

// A plan with these rules; the load and the times are the method's. REQUIRES: every one of
// trial_options() is filled in.
TrialPlan rules_of(const Options& options);

}  // namespace pktbench::method
