// The goals of a search as a scenario writes them: "NDR=0%, PDR=0.5%, RFC2544".
#pragma once

#include <string>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/method/search/loss_goal.hpp"

namespace pktbench::method {

// `rules`: what all goals have but name and loss ratio. RFC2544 without a ratio is RFC 2544's
// throughput: one trial of 60 s a load, and no frame lost. Errors: `invalid_input`.
Result<std::vector<LossGoal>> parse_goals(const std::string& text, const LossGoal& rules);

}  // namespace pktbench::method
