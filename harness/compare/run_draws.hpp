// What each run of a side, or each restart inside its only run, comes to.
//
// Threads: none. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/compare/pairing.hpp"
#include "harness/measure/between_runs.hpp"

namespace pktbench {

// The unit of both sides alike: a restart where either side is one run, which has nothing else.
enum class DrawUnit { run, restart };

struct SideDraws {
  std::vector<Draw> base;
  std::vector<Draw> next;
  DrawUnit unit = DrawUnit::restart;
  std::size_t left_out = 0;  // ok trials in another condition than the one in which all of it is
};

// Of the case `base_id` in the runs of BASE and of `next_id` in those of NEW: their ok trials that
// have a `value`, in the one condition in which both sides have most.
SideDraws draws_of(const Sides& sides, const std::string& base_id, const std::string& next_id,
                   std::optional<double> RecordedTrial::*value);

// One draw of many: the mean of their medians.
Draw mean_draw(const std::vector<Draw>& draws);

// "3 runs", "1 restart"
std::string unit_words(std::size_t count, DrawUnit unit);

// What to do where the runs at hand say nothing of how much runs differ, or too little: how many of
// them, at least, would see a change like the one that the medians show.
std::string more_runs(const SideDraws& draws, const CompareRules& rules);

}  // namespace pktbench
