#include "harness/report/comparison_sides.hpp"

#include <map>

namespace pktbench {

Sides sides_of(const RecordedRun& base, const RecordedRun& next, bool across_rounds) {
  std::vector<Condition> all;
  for (const auto* run : {&base, &next})
    for (const RecordedCase& c : run->cases)
      for (const RecordedTrial& trial : c.trials)
        if (trial.ok) all.push_back(trial.condition);
  return {base, next, ConditionGroups(all), across_rounds};
}

Points points_of(const Sides& sides, const RecordedCase& c,
                 std::optional<double> RecordedTrial::*value) {
  std::map<int, PairPoint> rounds;
  for (const RecordedTrial& trial : c.trials)
    if (trial.ok && trial.*value)
      rounds[trial.round] = {trial.round, sides.conditions.of(trial.condition), *(trial.*value)};
  Points made;
  for (const auto& [round, point] : rounds) made.push_back(point);
  return made;
}

std::string condition_words(const ConditionGroups& groups, const Points& points) {
  std::map<std::size_t, std::size_t> count;
  for (const PairPoint& p : points) ++count[p.condition];
  std::string made;
  for (const auto& [group, n] : count) {
    const std::string words = in_words(groups.typical(group));
    made += (made.empty() ? "" : ", and ") + std::to_string(n) + " × (" +
            (words.empty() ? "not known" : words) + ")";
  }
  return made;
}

}  // namespace pktbench
