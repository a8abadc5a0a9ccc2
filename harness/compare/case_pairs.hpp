// Cases of one run that differ in nothing but label and telemetry, compared round by round: what a
// path against itself shows is the noise of this machine, and the smallest change that it can show.
//
// Threads: none. Errors: by value; a pair that cannot be compared has the reason.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/core/case_result.hpp"
#include "harness/core/result.hpp"
#include "harness/measure/paired_ratio.hpp"

namespace pktbench {

struct CasePair {
  std::string base;  // case ids
  std::string next;
  std::string measure;      // "mpps" or "cycles_per_packet"
  std::vector<int> rounds;  // those in which both have an ok trial with a value, in one condition
  std::vector<double> base_values;
  std::vector<double> next_values;
  Result<PairedRatio> found;
  Judgement judgement;
};

// The first of such cases, in the order of the scenario, is the base of the others. The p values
// are adjusted over all the pairs of the run.
std::vector<CasePair> case_pairs(const std::vector<CaseResult>& cases);

// A list, as run.json has it.
nlohmann::ordered_json to_json(const std::vector<CasePair>& pairs);

// A line for each pair; empty without any.
std::string pairs_text(const std::vector<CasePair>& pairs);

}  // namespace pktbench
