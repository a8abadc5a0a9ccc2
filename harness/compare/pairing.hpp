// Which trial of one case is held against which of another: only trials of equal condition make a
// pair, as another condition has other costs.
//
// Threads: none. Pure.
#pragma once

#include <cstddef>
#include <vector>

namespace pktbench {

struct PairPoint {
  int round = 0;
  std::size_t condition = 0;  // a group of ConditionGroups
  double value = 0;
};

struct PointPairs {
  std::vector<int> rounds;  // of the base's points
  std::vector<std::size_t> conditions;
  std::vector<double> base;
  std::vector<double> next;
  std::size_t unlike = 0;  // rounds that both sides have, and that made no pair
};

// Pairs by round, which keep out what drifts from round to round. `across_rounds`: what is left
// over is paired too, in the order of the rounds, within each condition: for two separate runs,
// whose rounds have nothing in common. REQUIRES: each side's points in the order of their rounds,
// one a round.
PointPairs pair_points(const std::vector<PairPoint>& base, const std::vector<PairPoint>& next,
                       bool across_rounds);

// Those of the condition that most pairs have.
PointPairs commonest_condition(const PointPairs& pairs);

}  // namespace pktbench
