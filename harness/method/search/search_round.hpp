// What the trials of one round of a case say to a search.
//
// Threads: none. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "harness/core/case_result.hpp"
#include "harness/method/search/loss_goal.hpp"

namespace pktbench::method {

// Reasons beside those of LossSearch why a search found nothing, or no more.
inline constexpr char kBroken[] = "a trial's counts do not add up";
inline constexpr char kDisturbed[] = "its last trials were disturbed";

struct SearchRound {
  std::vector<LoadTrial> trials;  // the ok ones
  std::size_t made = 0;           // those of any status
  bool broken = false;            // its counts do not add up, or nothing came of a trial
  int disturbed_in_a_row = 0;     // at the end
  std::optional<double> line_rate_pps;

  // REQUIRES: trials come in the order they were made.
  void add(const TrialRecord& trial);

  double seconds() const;
};

// Of all trials of the round.
SearchRound search_round(const CaseResult& c, int round);

}  // namespace pktbench::method
