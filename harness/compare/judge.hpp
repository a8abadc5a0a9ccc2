// The one judge of two cases: what may be compared, what pairs, and what is called a change. It
// judges the pairs of one run, two runs, and two cases that the user names alike.
//
// What must be equal, and what is said where it differs, is harness/record/comparable.hpp's. The
// trials of one run pair by round and condition: what was measured with CPUs farther apart is held
// against its like only. Of separate runs the run is the unit, or the restart where a side is one
// run. Beyond that, not judged, each with its reason:
//  - a rate where something other than the DUT limited it on both sides. On one side it is a lower
//    bound: only what holds all the more then is called a change.
//  - cycles of another source, and at offered rates whose medians differ by more than 5%, for
//  cycles
//    per packet depend on the load.
//  - cycles of the whole CPU where a loop of either side spins and both tell which of its polls
//  were
//    in vain: the busy cycles are judged in their place. Where a side does not tell (an older run),
//    cycles of a loop that spins are judged only where its rate saturates the DUT: else they are
//    the clock by the rate, and no cost. Who spins is then seen by the record: the DUT had no idle
//    time, and was not what limited the rate.
//
// Threads: none. Errors: none; a gap is part of the result.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/compare/pairing.hpp"
#include "harness/compare/recorded_run.hpp"
#include "harness/compare/run_draws.hpp"
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
  // "mpps" (higher is better), "cycles_per_packet" (lower is better); where a loop of either side
  // spins also "busy_cycles_per_packet", which is then judged in its place.
  std::string name;
  Verdict verdict = Verdict::inconclusive;
  std::string reason;    // of the verdict, or why it is not judged
  bool judged = false;   // it has a verdict, and its p is among those that are adjusted together
  bool expected = true;  // false: there is nothing to judge here and nothing wrong with it
  PointPairs pairs;
  std::optional<PairedRatio> found;  // of the pairs; of some that are not judged, too
  // In its place where the sides are separate runs, and their draws.
  std::optional<BetweenRuns> between;
  SideDraws draws;
  double p_adjusted = 1;  // of its p, over all of the comparison
  double mann_whitney_p_adjusted = 1;
  double smallest_change = 0;
  Summary base;  // of the values that made pairs
  Summary next;
  std::optional<double> offered_ratio;  // of the medians in the same rounds, next / base
  NoiseFloor noise_floor;
  std::vector<std::string> warnings;

  std::string words() const;     // "Mpps", "cycles/packet"
  const Change* change() const;  // found or between; null: neither is there
};

struct CaseComparison {
  std::string base_id;
  std::string new_id;
  Verdict verdict = Verdict::inconclusive;
  std::string reason;                 // why nothing of it was compared; else empty
  std::vector<std::string> subjects;  // what is compared beside what the ids name: other NICs
  std::vector<std::string> warnings;
  std::size_t excluded_base = 0;  // trials that are not ok
  std::size_t excluded_new = 0;
  std::size_t unpaired_rounds = 0;          // of either side, without a partner
  std::vector<MeasureComparison> measures;  // empty where the cases must not be compared
};

// Of BASE and of NEW.
using MatchedCases = std::vector<std::pair<const RecordedCase*, const RecordedCase*>>;

// One for each of `matched`, whose p are adjusted together.
std::vector<CaseComparison> judge_cases(const Sides& sides, const MatchedCases& matched,
                                        const CompareRules& rules);

// What is not the same in two maps; "not known" where one lacks it.
struct Unlike {
  std::string name;
  std::string base;
  std::string next;
  std::string words() const { return name + " differs: " + base + " in BASE, " + next + " in NEW"; }
};
std::vector<Unlike> unlike(const std::map<std::string, std::string>& base,
                           const std::map<std::string, std::string>& next);

}  // namespace pktbench
