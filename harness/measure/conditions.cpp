#include "harness/measure/conditions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "harness/measure/summary.hpp"

namespace pktbench {

namespace {

// Two hyperthreads of a core show some 20 to 50 ns, cores that share a cache 60 to 130, others
// more.
constexpr double kNearNs = 150;
constexpr double kFarNs = 300;

// The stretch [first, last) of sorted distances, not farther from end to end than kSameDistance,
// that holds most; of equals the nearest.
std::pair<std::size_t, std::size_t> densest(const std::vector<double>& sorted) {
  std::pair<std::size_t, std::size_t> best{0, 0};
  for (std::size_t first = 0, last = 0; first < sorted.size(); ++first) {
    while (last < sorted.size() && sorted[last] <= kSameDistance * sorted[first]) ++last;
    if (last - first > best.second - best.first) best = {first, last};
  }
  return best;
}

}  // namespace

ConditionGroups::ConditionGroups(const std::vector<Condition>& all) {
  std::map<std::string, std::vector<double>> distances;  // by the way to idle
  for (const Condition& c : all)
    if (auto& of_idle = distances[c.idle]; c.cpu_distance_ns) of_idle.push_back(*c.cpu_distance_ns);
  for (auto& [idle, left] : distances) {
    std::sort(left.begin(), left.end());
    while (!left.empty()) {
      const auto [first, last] = densest(left);
      Group made;
      made.nearest_ns = left[first];
      made.farthest_ns = left[last - 1];
      made.typical.idle = idle;
      groups_.push_back(made);
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(first),
                 left.begin() + static_cast<std::ptrdiff_t>(last));
    }
    groups_.push_back({.typical = {.idle = idle}});  // the distance was not read
  }
  std::vector<std::vector<double>> ns(groups_.size());
  std::vector<std::vector<double>> mhz(groups_.size());
  for (const Condition& c : all) {
    const std::size_t group = of(c);
    ++groups_[group].members;
    if (c.cpu_distance_ns) ns[group].push_back(*c.cpu_distance_ns);
    if (c.cpu_mhz) mhz[group].push_back(*c.cpu_mhz);
  }
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    groups_[i].typical.cpu_distance_ns = summarize(std::move(ns[i])).median;
    groups_[i].typical.cpu_mhz = summarize(std::move(mhz[i])).median;
  }
  std::erase_if(groups_, [](const Group& g) { return g.members == 0; });
  std::stable_sort(groups_.begin(), groups_.end(),
                   [](const Group& a, const Group& b) { return a.members > b.members; });
}

std::size_t ConditionGroups::of(const Condition& condition) const {
  const double ns = condition.cpu_distance_ns.value_or(0);
  for (std::size_t i = 0; i < groups_.size(); ++i)
    if (groups_[i].typical.idle == condition.idle && groups_[i].nearest_ns <= ns &&
        ns <= groups_[i].farthest_ns)
      return i;
  return groups_.size();
}

std::string in_words(const Condition& condition) {
  std::string words;
  const auto add = [&](const std::string& what) { words += (words.empty() ? "" : "; ") + what; };
  if (const auto& ns = condition.cpu_distance_ns) {
    const std::string figure = fmt::format("{} ns", std::lround(*ns));
    add(*ns < kNearNs  ? "CPUs near: " + figure
        : *ns > kFarNs ? "CPUs far apart: " + figure
                       : "CPUs " + figure + " apart");
  }
  if (!condition.idle.empty()) add("idle CPUs " + condition.idle);
  if (condition.cpu_mhz) add(fmt::format("{} MHz", std::lround(*condition.cpu_mhz)));
  return words;
}

}  // namespace pktbench
