// Which trial a search for throughputs makes next, and what it has found: several goals at once,
// each trial counting for all of them.
//
// A few short trials above the device's capacity say roughly where it is and how much it varies;
// then loads about it are classified, for each goal one on either side, the first between the goals
// since it serves two. Where a load contradicts the guess, the next one lies further off by steps
// that double; a guess that fails is replaced by halving.
//
// Threads: none. Pure: an answer depends on the rules and on the trials, in the order they were
// made.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/method/search/loss_goal.hpp"

namespace pktbench::method {

// A first guess of where a device begins to lose frames. No search trusts it: it says where to
// look. Normal, in the unit of the values.
struct Capacity {
  double mean = 0;
  double deviation = 0;
};

// The most likely one (by expectation maximisation) given what was forwarded in trials that lost
// frames, each a draw of it, and the loads of trials that lost none, each below its draw. nullopt:
// no trial lost any.
std::optional<Capacity> fit_capacity(const std::vector<double>& forwarded,
                                     const std::vector<double>& without_loss);

struct SearchRules {
  std::vector<LossGoal> goals;
  double min_pps = 1000;
  std::optional<double> max_pps;  // none: what the first trial offers, made as fast as possible
  double limit_s = 600;           // of effective time; then what is open stays open
  // What an earlier search of the same found. It saves the trials that look for one, counts like
  // four of them, and is dropped once loads contradict it.
  std::optional<Capacity> guess = {};
};

struct NextTrial {
  std::optional<double> load;  // none: as fast as possible
  double duration_s = 0;
};

// Reasons of GoalFinding that say what limits instead of the device, or that nothing does yet.
inline constexpr char kNotOffered[] = "the generator cannot offer more";
inline constexpr char kPaused[] = "pause frames held the generator";
inline constexpr char kEndedEarly[] = "the search ended before it was done";
inline constexpr char kLeastLoad[] = "the least load is too much";
inline constexpr char kGreatestLoad[] = "the greatest load is not too much";

// What a search says of one goal, so far or in the end.
struct GoalFinding {
  std::optional<double> lower_pps;
  std::optional<double> upper_pps;
  std::optional<double> conditional_pps;  // at lower_pps
  std::string reason;                     // why it is irregular: a bound is missing; empty: regular
};

class LossSearch {
 public:
  LossSearch(SearchRules rules, const std::vector<LoadTrial>& trials);

  // None: the search is over.
  std::optional<NextTrial> next() const;

  GoalFinding find(const LossGoal& goal) const;

  // Where the device begins to lose frames, by the trials so far; none too where they contradict
  // it.
  std::optional<Capacity> capacity() const;

  // The rules' guess is there and not contradicted, so far.
  bool guess_held() const { return rules_.guess.has_value(); }

  // About the highest load that loses no more than the goal allows, of a search that was cut off:
  // the highest at which most of the time was good, else where the device seems to begin to lose
  // frames, else what was forwarded of a load that was too much. None: no trial, or loads are too
  // much and none is not.
  std::optional<double> roughly(const LossGoal& goal) const;

  // 0: no trial yet, and no rule says it.
  double max_pps() const { return max_pps_; }

 private:
  struct Bounds {
    std::optional<double> lower;
    std::optional<double> upper;
    std::optional<double> not_offered;  // the smallest load that the generator could not offer
    double offered = 0;                 // what to try in its place
    bool paused = false;                // by pause frames
    int lowers = 0;                     // loads that are lower bounds
    int uppers = 0;
    int against = 0;                     // loads that contradict the guess
    std::optional<double> likely_lower;  // by most of the trials at a load, however few
    std::optional<double> likely_upper;
  };

  void look_for_capacity(const std::vector<LoadTrial>& trials);
  bool refutes(const Capacity& guess) const;
  Bounds bounds(const LossGoal& goal, const std::optional<Capacity>& capacity) const;
  Bounds bounds(const LossGoal& goal) const { return bounds(goal, capacity_); }
  bool is_done(const LossGoal& goal, const Bounds& b) const;
  NextTrial nominate(const LossGoal& goal, const Bounds& b) const;
  std::optional<double> begun(const LossGoal& goal, const Bounds& b, double wanted) const;
  double full_duration(const LossGoal& goal) const;

  SearchRules rules_;
  std::map<double, std::vector<LoadTrial>> at_;  // by load
  double max_pps_ = 0;                           // 0: not known yet
  double spent_s_ = 0;
  double overhead_s_ = 0;           // of a trial, median
  std::optional<double> short_at_;  // where the next short trial belongs; none: there are enough
  std::optional<Capacity> capacity_;
};

}  // namespace pktbench::method
