// What a search for a throughput looks for, and what the trials at a load say of it: Multiple Loss
// Ratio search (RFC 9971), of which RFC 2544's throughput is a goal.
//
// Threads: none. Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/core/result.hpp"

namespace pktbench::method {

// Loads are in packets/s, ratios in 0..1, times in seconds.
struct LossGoal {
  std::string name;
  double loss_ratio = 0;       // a trial with more is bad
  double exceed_ratio = 0.5;   // of the time at a lower bound, bad trials have at most this
  double final_trial_s = 1;    // shorter trials can speak against a load, and not for it
  double duration_sum_s = 21;  // of trials at a load, before it is classified for sure
  double width = 0.005;        // between the bounds in the end, relative to the upper
};

// What kept a generator from offering a load as it was meant to, whether it caught up or not.
enum class HeldBy { nothing, refusals, pause };

// An undisturbed trial of a search.
struct LoadTrial {
  double load = 0;         // intended
  double duration_s = 0;   // of the window
  double effective_s = 0;  // of the whole trial, overhead included
  double lost = 0;         // frames offered and not received, of those intended
  double unsent = 0;       // frames that the generator could not offer, of those intended
  HeldBy held = HeldBy::nothing;
};

enum class TrialVerdict { good, bad, not_offered };

// A trial that would be bad only for what was never sent says nothing about the device, and one
// whose generator was held nothing for it.
TrialVerdict judge(const LossGoal& goal, const LoadTrial& trial);

enum class LoadClass { undecided, lower, upper };

// REQUIRES: all trials are at one load. Those that were not offered do not count.
LoadClass classify(const LossGoal& goal, const std::vector<LoadTrial>& at_load);

// What a device forwards that is offered this load, by the trials that `exceed_ratio` leaves: 0
// where there are too few. REQUIRES: as above.
double conditional_throughput(const LossGoal& goal, const std::vector<LoadTrial>& at_load);

// The goals of a search as a scenario writes them: "NDR=0%, PDR=0.5%, RFC2544".
// `rules`: what all goals have but name and loss ratio. RFC2544 without a ratio is RFC 2544's
// throughput: one trial of 60 s a load, and no frame lost. Errors: `invalid_input`.
Result<std::vector<LossGoal>> parse_goals(const std::string& text, const LossGoal& rules);

}  // namespace pktbench::method
