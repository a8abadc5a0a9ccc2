// Cases of one run that differ in nothing but label and telemetry, compared round by round: what a
// path against itself shows is the noise of this machine, and the smallest change that it can show.
//
// Threads: none. Errors: by value; a pair that cannot be compared has the reason.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/compare/judge.hpp"

namespace pktbench {

// The first of such cases, in the order of the scenario, is the base of the others. They point into
// `run`.
MatchedCases pairs_of(const RecordedRun& run);

// As judge_cases() has them. The p are adjusted over all the pairs of the run.
std::vector<CaseComparison> case_pairs(const RecordedRun& run);

// A list, as run.json has it.
nlohmann::ordered_json to_json(const std::vector<CaseComparison>& pairs);

// A line for each pair and measure; empty without any.
std::string pairs_text(const std::vector<CaseComparison>& pairs);

}  // namespace pktbench
