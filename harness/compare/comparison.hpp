// Two sides of runs, or two cases of one run, compared: which case became slower or dearer, how
// sure that is, how small a change could have been seen, and what could not be compared and why.
//
// Cases are matched by id, and judged by judge.hpp. A case is never compared with itself: both
// sides of one run are two of its cases. Where these are among the run's pairs (case_pairs.hpp), p
// is adjusted over all of those, so that both say the same.
//
// Threads: none. Errors: none but those below; a gap is part of the result.
#pragma once

#include <string>
#include <vector>

#include "harness/compare/judge.hpp"
#include "harness/text/fit.hpp"

namespace pktbench {

// A case that only one of the runs has.
struct LoneCase {
  std::string id;
  CaseStatus status = CaseStatus::failed;
};

struct Comparison {
  std::vector<RecordedHead> base;  // the runs of either side, one at least
  std::vector<RecordedHead> next;
  bool interleaved = false;  // both sides are of one run
  CompareRules rules;
  std::vector<std::string> warnings;
  std::vector<CaseComparison> cases;
  std::vector<LoneCase> only_in_base;
  std::vector<LoneCase> only_in_new;
  std::vector<LoneCase> unsupported;        // on both sides
  Verdict verdict = Verdict::inconclusive;  // of the whole: the worst of the cases'
  std::string reason;                       // why it is inconclusive; else empty
};

struct CompareChoice {
  std::string base_case;  // an id; empty, as is new_case: match all cases by id
  std::string new_case;
  CompareRules rules;
};

// Code invalid_input where a chosen case is not in its run, or both sides are one case of one run.
Result<Comparison> compare_runs(const RecordedRun& base, const RecordedRun& next,
                                const CompareChoice& choice);

// The same of several runs a side, each of which stands for one state of the world. A case is
// judged by the settings of the first. REQUIRES: either side has a run.
Result<Comparison> compare_runs(const std::vector<const RecordedRun*>& base,
                                const std::vector<const RecordedRun*>& next,
                                const CompareChoice& choice);

// With a legend.
std::string comparison_text(const Comparison& comparison, const Terminal& terminal);

// By results/schema/comparison.schema.json; `exit_status` is what the process will end with.
std::string comparison_json(const Comparison& comparison, int exit_status);

}  // namespace pktbench
