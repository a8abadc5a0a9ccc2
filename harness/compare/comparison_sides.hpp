// The two sides of a comparison as points that can be paired, each with the condition it was
// measured in.
//
// Threads: none. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/compare/pairing.hpp"
#include "harness/compare/recorded_run.hpp"
#include "harness/measure/conditions.hpp"

namespace pktbench {

inline bool is_ok(const RecordedTrial& trial) { return trial.status == TrialStatus::ok; }

using Points = std::vector<PairPoint>;

struct Sides {
  const RecordedRun& base;
  const RecordedRun& next;
  ConditionGroups conditions;  // of the ok trials of both
  bool across_rounds;          // of separate runs
};

// Both outlive it.
Sides sides_of(const RecordedRun& base, const RecordedRun& next, bool across_rounds);

// The ok trials of a case that have `value`, one a round: what was made again before one was not
// ok.
Points points_of(const Sides& sides, const RecordedCase& c,
                 std::optional<double> RecordedTrial::*value);

// Whether they are one run, or have trials in common: a run that was resumed has another id than
// the copy that was made of it before.
bool share_trials(const RecordedRun& base, const RecordedRun& next);

// "12 × (CPUs near: 92 ns), and 8 × (CPUs far apart: 420 ns)"
std::string condition_words(const ConditionGroups& groups, const Points& points);

}  // namespace pktbench
