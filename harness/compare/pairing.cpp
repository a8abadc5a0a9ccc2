#include "harness/compare/pairing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

namespace pktbench {

namespace {

void add(PointPairs& pairs, const PairPoint& base, double next) {
  pairs.rounds.push_back(base.round);
  pairs.conditions.push_back(base.condition);
  pairs.base.push_back(base.value);
  pairs.next.push_back(next);
}

}  // namespace

PointPairs pair_points(const Points& base, const Points& next) {
  std::map<int, PairPoint> partners;
  for (const PairPoint& point : next) partners[point.round] = point;
  PointPairs made;
  std::size_t common = 0;
  for (const PairPoint& point : base) {
    const auto partner = partners.find(point.round);
    common += partner != partners.end();
    if (partner != partners.end() && partner->second.condition == point.condition) {
      add(made, point, partner->second.value);
      partners.erase(partner);
    }
  }
  made.unlike = common - std::min(common, made.base.size());
  return made;
}

PointPairs commonest_condition(const PointPairs& pairs) {
  std::map<std::size_t, std::size_t> count;
  for (const std::size_t condition : pairs.conditions) ++count[condition];
  const auto most = std::ranges::max_element(count, {}, [](const auto& n) { return n.second; });
  PointPairs made;
  for (std::size_t i = 0; i < pairs.base.size(); ++i)
    if (pairs.conditions[i] == most->first)
      add(made, {pairs.rounds[i], pairs.conditions[i], pairs.base[i]}, pairs.next[i]);
  return made;
}

bool spins(const RecordedCase& c) {
  std::ptrdiff_t balance = 0;
  for (const RecordedTrial& trial : c.trials)
    if (is_ok(trial)) balance += trial.spins ? 1 : -1;
  return balance > 0;
}

Sides sides_of(const std::vector<const RecordedRun*>& base,
               const std::vector<const RecordedRun*>& next, bool apart) {
  std::vector<Condition> all;
  for (const auto* side : {&base, &next})
    for (const RecordedRun* run : *side)
      for (const RecordedCase& c : run->cases)
        for (const RecordedTrial& trial : c.trials)
          if (is_ok(trial)) all.push_back(trial.condition);
  return {*base.front(), *next.front(), ConditionGroups(all), apart, base, next};
}

Points points_of(const Sides& sides, const RecordedCase& c,
                 std::optional<double> RecordedTrial::*value) {
  std::map<int, PairPoint> rounds;
  for (const RecordedTrial& trial : c.trials)
    if (is_ok(trial) && trial.*value)
      rounds[trial.round] = {trial.round, sides.conditions.of(trial.condition), *(trial.*value)};
  Points made;
  for (const auto& [round, point] : rounds) made.push_back(point);
  return made;
}

bool share_trials(const RecordedRun& a, const RecordedRun& b) {
  if (a.id == b.id) return true;
  if (a.host != b.host) return false;
  using Key = std::tuple<std::string_view, std::string_view, int, std::optional<double>>;
  const auto keys = [](const RecordedRun& run) {
    std::set<Key> made;
    for (const RecordedCase& c : run.cases)
      for (const RecordedTrial& t : c.trials)
        if (!t.started_at.empty()) made.emplace(c.id, t.started_at, t.round, t.mpps);
    return made;
  };
  const std::set<Key> known = keys(a);
  return std::ranges::any_of(keys(b), [&](const Key& key) { return known.contains(key); });
}

std::string condition_words(const ConditionGroups& groups, const Points& points) {
  std::map<std::size_t, std::size_t> count;
  for (const PairPoint& p : points) ++count[p.condition];
  std::string made;
  for (const auto& [group, n] : count) {
    const std::string words = in_words(groups.typical(group));
    made += fmt::format("{}{} × ({})", made.empty() ? "" : ", and ", n,
                        words.empty() ? "not known" : words);
  }
  return made;
}

}  // namespace pktbench
