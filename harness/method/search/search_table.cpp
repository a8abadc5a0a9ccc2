#include "harness/method/search/search_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "harness/core/lookup.hpp"
#include "harness/measure/summary.hpp"

namespace pktbench::method {

namespace {

// Of the searches of a case: of what of a goal, and where that is missing empty.
std::vector<double> of_goal(const CaseResult& c, const std::string& name,
                            std::optional<double> GoalResult::*value) {
  std::vector<double> values;
  for (const GoalResult& goal : c.goals)
    if (const auto& v = goal.*value; goal.name == name && v) values.push_back(*v / 1e6);
  return values;
}

bool all_regular(const CaseResult& c, const std::string& name) {
  return std::ranges::all_of(c.goals,
                             [&](const GoalResult& g) { return g.name != name || g.regular; });
}

std::string goal_rate_cell(const CaseResult& c, const std::string& name) {
  const auto median = summarize(of_goal(c, name, &GoalResult::conditional_pps)).median;
  if (!median) return "";
  return fmt::format("{}{:.3f}", all_regular(c, name) ? "" : "≥", *median);
}

// From the least lower bound to the greatest upper one.
std::string goal_bounds_cell(const CaseResult& c, const std::string& name) {
  const auto lower = of_goal(c, name, &GoalResult::lower_pps);
  const auto upper = of_goal(c, name, &GoalResult::upper_pps);
  if (lower.empty()) return "";
  const double least = std::ranges::min(lower);
  if (upper.empty() || !all_regular(c, name)) return fmt::format("{:.3f}–", least);
  return fmt::format("{:.3f}–{:.3f}", least, std::ranges::max(upper));
}

std::string search_trials_cell(const CaseResult& c) {
  std::set<int> rounds;
  std::vector<double> trials;
  for (const GoalResult& goal : c.goals)
    if (rounds.insert(goal.round).second) trials.push_back(static_cast<double>(goal.trials));
  const auto median = summarize(std::move(trials)).median;
  return median ? fmt::format("{:.0f}", *median) : "";
}

std::optional<double> line_rate_of(const CaseResult& c) {
  for (const TrialRecord& trial : c.trials)
    if (trial.line_rate_pps) return trial.line_rate_pps;
  return std::nullopt;
}

}  // namespace

std::vector<ResultColumn> search_columns(const std::vector<CaseResult>& cases) {
  std::vector<ResultColumn> made;
  std::vector<std::string> names;
  for (const CaseResult& c : cases)
    for (const GoalResult& goal : c.goals)
      if (!contains(names, goal.name)) names.push_back(goal.name);
  for (const std::string& name : names) {
    made.push_back({.head = name + " Mpps",
                    .cell = [=](const CaseResult& c) { return goal_rate_cell(c, name); }});
    made.push_back({.head = "bounds", .leave_out = 6, .cell = [=](const CaseResult& c) {
                      return goal_bounds_cell(c, name);
                    }});
  }
  if (std::ranges::any_of(cases, [](const auto& c) { return line_rate_of(c).has_value(); }))
    made.push_back({.head = "line Mpps", .leave_out = 4, .cell = [](const CaseResult& c) {
                      const auto line = line_rate_of(c);
                      return line ? fmt::format("{:.3f}", *line / 1e6) : "";
                    }});
  made.push_back({.head = "trials", .leave_out = 3, .cell = search_trials_cell});
  return made;
}

void explain_search(const std::vector<CaseResult>& cases, Legend& legend) {
  std::set<int> rounds;
  std::set<std::string> reasons;
  std::set<std::string> goals;
  for (const CaseResult& c : cases)
    for (const GoalResult& goal : c.goals) {
      rounds.insert(goal.round);
      goals.insert(fmt::format("{} {:g}%", goal.name, goal.loss_ratio * 100));
      if (!goal.regular)
        reasons.insert(fmt::format("{} of {}: {}", goal.name, c.spec.id, goal.reason));
    }
  legend.add(fmt::format(
      "Frames lost at most: {}. Mpps: conditional throughput (RFC 9971), median of {} search{}; "
      "bounds: the least lower and the greatest upper.",
      fmt::join(goals, ", "), rounds.size(), rounds.size() == 1 ? "" : "es"));
  for (const std::string& reason : reasons) legend.add("Irregular, " + reason + ".");
  const auto guessed =
      std::ranges::count_if(cases, [](const auto& c) { return c.guess.has_value(); });
  const auto held =
      std::ranges::count_if(cases, [](const auto& c) { return c.guess && c.guess->held; });
  if (guessed > 0)
    legend.add(fmt::format(
        "{} of {} cases began with what an earlier run had found; {} of these guesses held.",
        guessed, cases.size(), held));
  for (const CaseResult& c : cases)
    if (c.floor.lost > 0)
      legend.add(fmt::format(
          "Floor of loss of {}: {:.2g}%, {} of {} frames at {:.3f} Mpps; what is "
          "lost at any load is not the device's limit.",
          c.spec.id, static_cast<double>(c.floor.lost) / static_cast<double>(c.floor.offered) * 100,
          c.floor.lost, c.floor.offered, c.floor.load_pps / 1e6));
}

}  // namespace pktbench::method
