// `run --guess`: what a search begins with.
#pragma once

#include <string>

#include "harness/core/result.hpp"
#include "harness/runner/scenario.hpp"

namespace pktbench::cli {

// Writes what an earlier run's searches found of the same cases into the scenario, so that a run
// that is resumed goes on with it. `earlier_run`: its directory; empty: there is none. Errors:
// `invalid_input`.
Result<void> add_guesses(const std::string& earlier_run, Scenario& scenario);

// Of a run that is resumed: `given` begins with what the run began with.
void keep_guesses(const Scenario& of_run, Scenario& given);

}  // namespace pktbench::cli
