#include "harness/method/search/loss_goal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/algorithm/string/trim.hpp>
#include <charconv>
#include <regex>

#include "harness/core/lookup.hpp"

namespace pktbench::method {

namespace {

// A sum of seconds is not held against a rounding error.
constexpr double kRounding = 1e-9;

bool is_full(const LossGoal& goal, const LoadTrial& trial) {
  return trial.duration_s >= goal.final_trial_s * (1 - kRounding);
}

constexpr const char* kRfc2544 = "RFC2544";

Error refused(const std::string& goal, const std::string& why) {
  return make_error(ErrorCode::invalid_input,
                    fmt::format("goals: \"{}\" {}; write them as \"NDR=0%, PDR=0.5%\"", goal, why));
}

}  // namespace

TrialVerdict judge(const LossGoal& goal, const LoadTrial& trial) {
  if (trial.lost > goal.loss_ratio) return TrialVerdict::bad;
  if (trial.held != HeldBy::nothing || trial.lost + trial.unsent > goal.loss_ratio)
    return TrialVerdict::not_offered;
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
  std::ranges::sort(full, {}, &LoadTrial::lost);
  double left_s = std::max(goal.duration_sum_s, sum_s) * (1 - goal.exceed_ratio);
  double lost = 1;
  for (const LoadTrial& trial : full) {
    if (left_s <= kRounding) break;
    lost = trial.lost;
    left_s -= trial.effective_s;
  }
  return left_s > kRounding || full.empty() ? 0 : full.front().load * (1 - lost);
}

Result<std::vector<LossGoal>> parse_goals(const std::string& text, const LossGoal& rules) {
  static const std::regex kGoal(R"(([A-Za-z][A-Za-z0-9_-]{0,15})\s*=\s*([0-9.]+)\s*%)");
  std::vector<std::string> words;
  boost::algorithm::split(words, text, boost::algorithm::is_any_of(","));
  std::vector<LossGoal> goals;
  for (std::string& word : words) {
    boost::algorithm::trim(word);
    LossGoal goal = rules;
    std::smatch part;
    if (word == kRfc2544) {
      goal = {kRfc2544, 0, 0, 60, 60, rules.width};
    } else if (std::regex_match(word, part, kGoal)) {
      goal.name = part[1];
      const std::string percent = part[2];
      const auto read =
          std::from_chars(percent.data(), percent.data() + percent.size(), goal.loss_ratio);
      if (read.ec != std::errc() || read.ptr != percent.data() + percent.size())
        return refused(word, "has no number");
      goal.loss_ratio /= 100;
      if (goal.loss_ratio >= 1) return refused(word, "would lose every frame");
    } else {
      return refused(word, "is no name with a share of frames lost");
    }
    if (contains(goals, goal.name, &LossGoal::name)) return refused(word, "is there twice");
    goals.push_back(goal);
  }
  return goals;
}

}  // namespace pktbench::method
