#include "harness/method/search/loss_goal.hpp"

#include <algorithm>

namespace pktbench::method {

namespace {

// A sum of seconds is not held against a rounding error.
constexpr double kRounding = 1e-9;

bool is_full(const LossGoal& goal, const LoadTrial& trial) {
  return trial.duration_s >= goal.final_trial_s * (1 - kRounding);
}

}  // namespace

TrialVerdict judge(const LossGoal& goal, const LoadTrial& trial) {
  if (trial.lost > goal.loss_ratio) return TrialVerdict::bad;
  if (trial.lost + trial.unsent > goal.loss_ratio) return TrialVerdict::not_offered;
  return TrialVerdict::good;
}

LoadClass classify(const LossGoal& goal, const std::vector<LoadTrial>& at_load) {
  double good_full = 0;
  double bad_full = 0;
  double good_short = 0;
  double bad_short = 0;
  for (const LoadTrial& trial : at_load) {
    const TrialVerdict verdict = judge(goal, trial);
    if (verdict == TrialVerdict::not_offered) continue;
    const bool good = verdict == TrialVerdict::good;
    (is_full(goal, trial) ? (good ? good_full : bad_full) : (good ? good_short : bad_short)) +=
        trial.effective_s;
  }
  const double balance = goal.exceed_ratio / (1 - goal.exceed_ratio);
  const double bad = bad_full + std::max(0.0, bad_short - good_short * balance);
  const double whole = std::max(good_full + bad, goal.duration_sum_s);
  const double quota = whole * goal.exceed_ratio;
  if (bad > quota + kRounding) return LoadClass::upper;
  return whole - good_full <= quota + kRounding ? LoadClass::lower : LoadClass::undecided;
}

double conditional_throughput(const LossGoal& goal, const std::vector<LoadTrial>& at_load) {
  std::vector<LoadTrial> full;
  double sum_s = 0;
  for (const LoadTrial& trial : at_load) {
    if (!is_full(goal, trial) || judge(goal, trial) == TrialVerdict::not_offered) continue;
    full.push_back(trial);
    sum_s += trial.effective_s;
  }
  std::sort(full.begin(), full.end(), [](const auto& a, const auto& b) { return a.lost < b.lost; });
  double left_s = std::max(goal.duration_sum_s, sum_s) * (1 - goal.exceed_ratio);
  double lost = 1;
  for (const LoadTrial& trial : full) {
    if (left_s <= kRounding) break;
    lost = trial.lost;
    left_s -= trial.effective_s;
  }
  return left_s > kRounding || full.empty() ? 0 : full.front().load * (1 - lost);
}

}  // namespace pktbench::method
