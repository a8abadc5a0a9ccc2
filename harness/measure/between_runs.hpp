// Two sides of runs: how large is the change between them, and how sure is it? The run is the unit
// (or the restart inside a run): each draws its own layout, boot, temperature and core, so that its
// median is the truth + what that run drew + what is left of the noise of its trials. Both
// variances are in the spread of the medians of one side's runs, which is all that is used, and
// never taken for less than the trials' noise alone makes of it.
//
// The change is the ratio of the sides' geometric means, with Student's t on the logarithms: where
// one side is one run and the other a history, its interval is the prediction interval of one run
// more.
//
// Threads: none. Errors: by value.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/measure/paired_ratio.hpp"

namespace pktbench {

// What one run, or one restart, comes to.
struct Draw {
  double median = 0;
  double sd = 0;  // of the logarithms of its trials' values; 0: of one trial, not known
  std::size_t trials = 1;
};

// REQUIRES: there are values, and each is above 0.
Draw draw_of(const std::vector<double>& values);

struct BetweenRuns : Change {
  std::size_t base = 0;  // runs of that side
  std::size_t next = 0;
  double spread = 0;  // standard deviation of a run's median, relative
  double error = 0;   // standard error of the change, of logarithms
  double freedom = 0;
};

// Code unsupported, with the reason, where both sides are one run (however many trials it has), or
// a median is not above 0.
Result<BetweenRuns> between_runs(const std::vector<Draw>& base, const std::vector<Draw>& next);

// The same where base[i] and next[i] were made one right after the other, so that what drifts meets
// both alike. REQUIRES: as many of either.
Result<BetweenRuns> between_paired_runs(const std::vector<Draw>& base,
                                        const std::vector<Draw>& next);

double smallest_change(const BetweenRuns& found, const CompareRules& rules);

// The standard deviation that the trials' noise alone gives a run's median: the mean over `draws`.
double noise_of_trials(const std::vector<Draw>& draws);

// How many runs a side would see a change of `change` (relative) four times out of five, where a
// run's median spreads by `spread`; none: not even kMostRuns.
inline constexpr std::size_t kMostRuns = 200;
std::optional<std::size_t> runs_needed(double spread, double change, const CompareRules& rules);

// The same against a base of `base` runs.
std::optional<std::size_t> runs_needed_against(std::size_t base, double spread, double change,
                                               const CompareRules& rules);

}  // namespace pktbench
