#include "harness/method/back_to_back/burst_search.hpp"

#include <algorithm>
#include <cmath>

namespace pktbench::method {

namespace {

constexpr double kLogarithmic = 4;  // lengths further apart than that are halved by their ratio

struct Tries {
  int with_loss = 0;
  bool without = false;
};

}  // namespace

BurstSearch::BurstSearch(const BurstRules& rules, const std::vector<Burst>& bursts)
    : rules_(rules) {
  std::map<std::uint64_t, Tries> at;
  for (const Burst& burst : bursts) {
    Tries& tries = at[burst.frames];
    tries.with_loss += burst.lost > 0;
    tries.without |= burst.lost == 0;
  }
  for (const auto& [frames, tries] : at) {
    if (tries.without) {
      lower_ = frames;
    } else if (tries.with_loss > rules_.verify) {
      upper_ = frames;
      return;
    } else {
      open_ = frames;
    }
  }
}

bool BurstSearch::is_done() const {
  if (!upper_) return lower_ && *lower_ >= rules_.longest;
  const auto upper = static_cast<double>(*upper_);
  return upper - static_cast<double>(lower_.value_or(0)) <= std::max(1.0, rules_.width * upper);
}

std::optional<std::uint64_t> BurstSearch::next() const {
  if (open_) return open_;
  if (is_done()) return std::nullopt;
  if (!upper_) return rules_.longest;
  const double lower = std::max(1.0, static_cast<double>(lower_.value_or(0)));
  const auto upper = static_cast<double>(*upper_);
  const double middle =
      upper > kLogarithmic * lower ? std::sqrt(lower * upper) : (lower + upper) / 2;
  return std::clamp(static_cast<std::uint64_t>(std::llround(middle)), lower_.value_or(0) + 1,
                    *upper_ - 1);
}

BurstFinding BurstSearch::find() const {
  BurstFinding found{lower_, upper_, ""};
  if (open_ || !is_done())
    found.reason = "the search ended before it was done";
  else if (!lower_)
    found.reason = "a burst of one frame is lost";
  else if (!upper_)
    found.reason = kLongestBurst;
  return found;
}

}  // namespace pktbench::method
