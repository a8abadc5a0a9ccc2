// Which trial of one case is held against which of another: only trials of equal condition make a
// pair, as another condition has other costs.
//
// Threads: none. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/compare/recorded_run.hpp"
#include "harness/measure/conditions.hpp"

namespace pktbench {

struct PairPoint {
  int round = 0;
  std::size_t condition = 0;  // a group of ConditionGroups
  double value = 0;
};

using Points = std::vector<PairPoint>;

struct PointPairs {
  std::vector<int> rounds;  // of the base's points
  std::vector<std::size_t> conditions;
  std::vector<double> base;
  std::vector<double> next;
  std::size_t unlike = 0;  // rounds that both sides have, and that made no pair
};

// Pairs by round, which keep out what drifts from round to round. REQUIRES: each side's points in
// the order of their rounds, one a round.
PointPairs pair_points(const Points& base, const Points& next);

// Those of the condition that most pairs have.
PointPairs commonest_condition(const PointPairs& pairs);

inline bool is_ok(const RecordedTrial& trial) { return trial.status == TrialStatus::ok; }

// In most of its ok trials.
bool spins(const RecordedCase& c);

// Cycles per packet depend on the load: how far medians of offered rates may differ, relative.
inline constexpr double kSameLoad = 0.05;

// The two sides of a comparison, each with the conditions it was measured in.
struct Sides {
  const RecordedRun& base;
  const RecordedRun& next;
  ConditionGroups conditions;  // of the ok trials of both
  bool apart;                  // of separate runs, whose rounds have nothing in common
  std::vector<const RecordedRun*> base_runs;  // all that stand for a side, the above first
  std::vector<const RecordedRun*> next_runs;
};

// All outlive it. REQUIRES: either side has a run.
Sides sides_of(const std::vector<const RecordedRun*>& base,
               const std::vector<const RecordedRun*>& next, bool apart);

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
