// Which trials were measured in the same condition: the same way to idle, and CPUs as far apart.
// Distances are grouped round what the trials at hand show: the readings within a factor of
// kSameDistance of which there are most are the first group, the same of the rest the second, and
// so on. Nothing is remembered from other runs, and no chain of steps makes one group.
//
// Threads: none. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/core/condition.hpp"

namespace pktbench {

// From the nearest to the farthest of a group. Seen on one host: 80 to 100 ns and 300 to 460 ns; on
// another 36 to 44 and 206 to 244.
inline constexpr double kSameDistance = 2;

class ConditionGroups {
 public:
  explicit ConditionGroups(const std::vector<Condition>& all);

  // Equal for two of `all` that are alike; the commonest condition is 0.
  // REQUIRES: `condition` is one of those that were given.
  std::size_t of(const Condition& condition) const;

  // What stands for a group: medians of its members.
  const Condition& typical(std::size_t group) const { return groups_.at(group).typical; }
  std::size_t members(std::size_t group) const { return groups_.at(group).members; }
  std::size_t size() const { return groups_.size(); }

 private:
  struct Group {
    double nearest_ns = 0;  // both 0: the distance was not read
    double farthest_ns = 0;
    std::size_t members = 0;
    Condition typical;
  };
  std::vector<Group> groups_;  // the one with most members first
};

// "CPUs far apart: 420 ns; idle CPUs sleep; 2400 MHz": what is known. Empty: nothing is.
std::string in_words(const Condition& condition);

}  // namespace pktbench
