// A search on a device that is a function, for its tests.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "harness/method/search/loss_search.hpp"

namespace pktbench::method {

inline constexpr double kOverheadS = 0.5;
inline const LossGoal kNdr{"NDR", 0};
inline const LossGoal kPdr{"PDR", 0.005};

inline SearchRules rules_for(double max_pps = 3e6) { return {{kNdr, kPdr}, 1000, max_pps, 600}; }

// What is lost of a load, and what of it the generator could not send.
using Device = std::function<LoadTrial(double load)>;

struct Searched {
  std::vector<LoadTrial> trials;
  double seconds = 0;
  GoalFinding ndr;
  GoalFinding pdr;
};

inline Searched search(const SearchRules& rules, const Device& device) {
  Searched s;
  while (s.trials.size() < 1000) {
    const auto next = LossSearch(rules, s.trials).next();
    if (!next) break;
    LoadTrial trial = device(next->load.value_or(1e9));
    trial.duration_s = next->duration_s;
    trial.effective_s = next->duration_s + kOverheadS;
    s.seconds += trial.effective_s;
    s.trials.push_back(trial);
  }
  const LossSearch done(rules, s.trials);
  s.ndr = done.find(kNdr);
  s.pdr = done.find(kPdr);
  return s;
}

inline Device with_capacity(const std::function<double()>& draw) {
  return [draw](double load) { return LoadTrial{load, 0, 0, std::max(0.0, 1 - draw() / load), 0}; };
}

}  // namespace pktbench::method
