#include "harness/method/search/goal_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/algorithm/string/trim.hpp>
#include <charconv>
#include <regex>

namespace pktbench::method {

namespace {

constexpr const char* kRfc2544 = "RFC2544";

Error refused(const std::string& goal, const std::string& why) {
  return make_error(ErrorCode::invalid_input,
                    fmt::format("goals: \"{}\" {}; write them as \"NDR=0%, PDR=0.5%\"", goal, why));
}

}  // namespace

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
    if (std::any_of(goals.begin(), goals.end(),
                    [&](const LossGoal& other) { return other.name == goal.name; }))
      return refused(word, "is there twice");
    goals.push_back(goal);
  }
  return goals;
}

}  // namespace pktbench::method
