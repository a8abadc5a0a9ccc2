// What the command line changes in a scenario's JSON before it is checked.
//
// Threads: none. Errors: ErrorCode::invalid_input, one line that names the argument at fault.
#pragma once

#include "harness/core/result.hpp"
#include "harness/runner/scenario.hpp"
#include "harness/runner/scenario_check.hpp"

namespace pktbench {

// Applies --set, --trials and --duration, in this order, and notes them in `origins`. Objects on
// the way to a key are made where they are missing; a plain name where {"name": ...} may stand
// becomes that. Whether the keys exist is for the check of the whole document to say.
// REQUIRES: `document` is an object.
Result<void> apply_overrides(Json& document, const ScenarioOverrides& overrides, Origins& origins);

}  // namespace pktbench
