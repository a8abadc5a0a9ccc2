#include "harness/compare/pairing.hpp"

#include <algorithm>
#include <deque>
#include <map>

namespace pktbench {

namespace {

void add(PointPairs& pairs, const PairPoint& base, double next) {
  pairs.rounds.push_back(base.round);
  pairs.conditions.push_back(base.condition);
  pairs.base.push_back(base.value);
  pairs.next.push_back(next);
}

}  // namespace

PointPairs pair_points(const std::vector<PairPoint>& base, const std::vector<PairPoint>& next,
                       bool across_rounds) {
  std::map<int, PairPoint> partners;
  for (const PairPoint& point : next) partners[point.round] = point;
  PointPairs made;
  std::vector<PairPoint> alone;
  std::size_t common = 0;
  for (const PairPoint& point : base) {
    const auto partner = partners.find(point.round);
    common += partner != partners.end();
    if (partner != partners.end() && partner->second.condition == point.condition) {
      add(made, point, partner->second.value);
      partners.erase(partner);
    } else {
      alone.push_back(point);
    }
  }
  if (across_rounds) {
    std::map<std::size_t, std::deque<double>> left;  // by condition
    for (const auto& [round, point] : partners) left[point.condition].push_back(point.value);
    for (const PairPoint& point : alone) {
      std::deque<double>& same = left[point.condition];
      if (same.empty()) continue;
      add(made, point, same.front());
      same.pop_front();
    }
  }
  made.unlike = common - std::min(common, made.base.size());
  return made;
}

PointPairs commonest_condition(const PointPairs& pairs) {
  std::map<std::size_t, std::size_t> count;
  for (const std::size_t condition : pairs.conditions) ++count[condition];
  const auto most = std::max_element(
      count.begin(), count.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  PointPairs made;
  for (std::size_t i = 0; i < pairs.base.size(); ++i)
    if (pairs.conditions[i] == most->first)
      add(made, {pairs.rounds[i], pairs.conditions[i], pairs.base[i]}, pairs.next[i]);
  return made;
}

}  // namespace pktbench
