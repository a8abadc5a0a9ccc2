#include "harness/compare/run_draws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/core/lookup.hpp"
#include "harness/text/numbers.hpp"

namespace pktbench {

namespace {

constexpr double kWorthSeeing = 0.01;   // what is planned for where the medians show less
constexpr std::size_t kFewestRuns = 3;  // of a side, to say anything of their spread
constexpr double kUsualSpread = 0.005;  // between restarts, where there is nothing to take it from

// Values by restart of each run, in one condition.
using ByRun = std::vector<std::map<int, std::vector<double>>>;
using ByCondition = std::map<std::size_t, ByRun>;

ByCondition values_of(const Sides& sides, const std::vector<const RecordedRun*>& runs,
                      const std::string& id, std::optional<double> RecordedTrial::*value) {
  ByCondition made;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const RecordedCase* c = find_by(runs[i]->cases, id, &RecordedCase::id);
    if (!c || c->status != CaseStatus::ok) continue;
    for (const RecordedTrial& trial : c->trials)
      if (is_ok(trial) && trial.*value && *(trial.*value) > 0) {
        ByRun& all = made[sides.conditions.of(trial.condition)];
        all.resize(runs.size());
        all[i][trial.restart].push_back(*(trial.*value));
      }
  }
  return made;
}

std::size_t trials_in(const ByRun& all) {
  std::size_t made = 0;
  for (const auto& restarts : all)
    for (const auto& [ignored, values] : restarts) made += values.size();
  return made;
}

std::vector<Draw> draws_of(const ByRun& all, DrawUnit unit) {
  std::vector<Draw> made;
  for (const auto& restarts : all) {
    std::vector<Draw> of_run;
    for (const auto& [ignored, values] : restarts) of_run.push_back(draw_of(values));
    if (of_run.empty()) continue;
    if (unit == DrawUnit::run) of_run = {mean_draw(of_run)};
    made.insert(made.end(), of_run.begin(), of_run.end());
  }
  return made;
}

}  // namespace

Draw mean_draw(const std::vector<Draw>& draws) {
  const auto n = static_cast<double>(draws.size());
  Draw made{0, 0, 0};
  for (const Draw& draw : draws) {
    made.median += std::log(draw.median) / n;
    made.sd += draw.sd * draw.sd / n;
    made.trials += draw.trials;
  }
  made.median = std::exp(made.median);
  made.sd = std::sqrt(made.sd);
  return made;
}

SideDraws draws_of(const Sides& sides, const std::string& base_id, const std::string& next_id,
                   std::optional<double> RecordedTrial::*value) {
  ByCondition base = values_of(sides, sides.base_runs, base_id, value);
  ByCondition next = values_of(sides, sides.next_runs, next_id, value);
  SideDraws made;
  if (sides.base_runs.size() > 1 && sides.next_runs.size() > 1) made.unit = DrawUnit::run;
  std::size_t most = 0;
  std::size_t chosen = 0;
  std::size_t all = 0;
  for (const auto* side : {&base, &next})
    for (const auto& [group, runs] : *side) all += trials_in(runs);
  for (const auto& [group, runs] : base)
    if (const std::size_t both = std::min(trials_in(runs), trials_in(next[group])); both > most) {
      most = both;
      chosen = group;
    }
  if (most == 0) return made;
  made.left_out = all - trials_in(base[chosen]) - trials_in(next[chosen]);
  made.base = draws_of(base[chosen], made.unit);
  made.next = draws_of(next[chosen], made.unit);
  return made;
}

std::string unit_words(std::size_t count, DrawUnit unit) {
  return fmt::format("{} {}{}", count, unit == DrawUnit::run ? "run" : "restart",
                     count == 1 ? "" : "s");
}

std::string more_runs(const SideDraws& draws, const CompareRules& rules) {
  std::vector<Draw> all = draws.base;
  all.insert(all.end(), draws.next.begin(), draws.next.end());
  const auto found = between_runs(draws.base, draws.next);
  const double spread = found ? found->spread : std::max(noise_of_trials(all), kUsualSpread);
  const double ratio = mean_draw(draws.next).median / mean_draw(draws.base).median;
  const double change = std::max(std::abs(ratio - 1), kWorthSeeing);
  const auto needed = runs_needed(spread, change, rules);
  if (!needed)
    return fmt::format("not even {} runs a side would show a change of {}: make trials steadier",
                       kMostRuns, fine_percent(change));
  return fmt::format(
      "for a change of {} measure each side with --restarts {} or more, or name as many runs of it "
      "(A1,A2,… B1,B2,…)",
      fine_percent(change), std::max(*needed, kFewestRuns));
}

}  // namespace pktbench
