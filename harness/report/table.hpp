// The results of a run as a table for a terminal, with a legend below it.
//
// A case without a figure shows why instead of one. Threads: none. Errors: none.
#pragma once

#include <string>
#include <vector>

#include "harness/core/method.hpp"
#include "harness/record/json.hpp"
#include "harness/text/fit.hpp"

namespace pktbench {

// `method`: the one that measured them, whose columns these are.
std::string result_table(const std::vector<CaseResult>& cases, const MethodType& method,
                         const TestbedFacts& facts, const Terminal& terminal);

}  // namespace pktbench
