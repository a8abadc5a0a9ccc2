// Two runs, or two cases of one run, compared: which case became slower or dearer, how sure that
// is, how small a change could have been seen, and what could not be compared and why.
//
// Cases are matched by id and their trials by round and condition: what was measured with CPUs
// farther apart is held against its like only. What must not be compared is refused with the
// reason: another testbed, arrangement, NAPI policy, way to idle, generator, batch, burst, frame
// size, number of flows or rate; a virtual testbed with hardware; cycles of another source; a rate
// that the generator limited on both sides; cycles at offered rates whose medians differ by more
// than 5%, for cycles per packet depend on the load. A rate that it limited on one side is a lower
// bound: only what holds all the more then is called a change.
//
// A case is never compared with itself: both sides of one run are two of its cases.
//
// Threads: none. Errors: none but those below; a gap is part of the result.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/compare/recorded_run.hpp"
#include "harness/measure/paired_ratio.hpp"
#include "harness/measure/summary.hpp"

namespace pktbench {

// A/A: a case of BASE against another of BASE that differs by its label only or, where there is
// none, against itself, each round with an odd number against the one before it.
struct NoiseFloor {
  std::string against;  // the other case's id; empty: itself
  std::optional<PairedRatio> found;
  std::string reason;  // why there is none
};

struct MeasureComparison {
  std::string name;  // "mpps" (higher is better), "cycles_per_packet" (lower is better)
  Verdict verdict = Verdict::inconclusive;
  std::string reason;    // of the verdict, or why there is nothing to compare
  bool expected = true;  // false: there is nothing to compare here and nothing wrong with it
  std::optional<PairedRatio> found;  // none: not compared
  double p_adjusted = 1;             // of found->p, over all of the comparison
  double mann_whitney_p_adjusted = 1;
  double smallest_change = 0;
  Summary base;  // of the values that made pairs
  Summary next;
  std::optional<double> offered_ratio;  // of the medians in the same rounds, next / base
  NoiseFloor noise_floor;
  std::vector<std::string> warnings;
};

struct CaseComparison {
  std::string base_id;
  std::string new_id;
  Verdict verdict = Verdict::inconclusive;
  std::string reason;  // why nothing of it was compared; else empty
  std::vector<std::string> warnings;
  std::size_t excluded_base = 0;  // trials that are not ok
  std::size_t excluded_new = 0;
  std::size_t unpaired_rounds = 0;          // of either side, without a partner
  std::vector<MeasureComparison> measures;  // empty where the cases must not be compared
};

// A case that only one of the runs has.
struct LoneCase {
  std::string id;
  std::string status;
};

struct Comparison {
  RecordedRun base;  // without its cases
  RecordedRun next;
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

// For a terminal, with a legend; `colour`: with ANSI colours.
std::string comparison_text(const Comparison& comparison, bool colour);

// By results/schema/comparison.schema.json; `exit_status` is what the process will end with.
std::string comparison_json(const Comparison& comparison, int exit_status);

}  // namespace pktbench
