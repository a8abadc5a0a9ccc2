#include "harness/compare/comparison_sides.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>

namespace pktbench {

Sides sides_of(const RecordedRun& base, const RecordedRun& next, bool across_rounds) {
  std::vector<Condition> all;
  for (const auto* run : {&base, &next})
    for (const RecordedCase& c : run->cases)
      for (const RecordedTrial& trial : c.trials)
        if (is_ok(trial)) all.push_back(trial.condition);
  return {base, next, ConditionGroups(all), across_rounds};
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
  std::set<Key> known;
  const auto each = [](const RecordedRun& run, auto&& use) {
    for (const RecordedCase& c : run.cases)
      for (const RecordedTrial& t : c.trials)
        if (!t.started_at.empty() && use(Key(c.id, t.started_at, t.round, t.mpps))) return true;
    return false;
  };
  each(a, [&](const Key& key) {
    known.insert(key);
    return false;
  });
  return each(b, [&](const Key& key) { return known.count(key) > 0; });
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
