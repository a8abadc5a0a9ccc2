// The gate: has a case become slower or dearer than its own history has it? Built for every night:
// it must not cry wolf, and must say what it could not have seen.
//
// The unit is the run. One run of tonight is held against the last accepted ones: what lies where
// fewer than one in ten runs would, is a suspect and is measured again, by runs of its own. Only
// those count for the alarm: the first was chosen because it looked bad. They are looked at a few
// times (`looks`), each time with its share of alpha, so that going on until something shows raises
// no more alarms than it says.
//
// A case's threshold comes from its own history: between_runs() of its medians and theirs.
//
// Threads: none. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/condition.hpp"
#include "harness/measure/between_runs.hpp"

namespace pktbench {

enum class GateKind { regression, improvement, unchanged, inconclusive, incomparable };
inline constexpr std::array kGateKindNames = {"regression", "improvement", "unchanged",
                                              "inconclusive", "incomparable"};
inline const char* to_string(GateKind value) {
  return kGateKindNames[static_cast<std::size_t>(value)];
}

struct GateRules {
  double min_effect = 0.004;   // changes up to this, relative, raise no alarm
  double alpha = 0.002;        // so often does a suite without a change raise one, at most
  double suspect_alpha = 0.1;  // two-sided, of one run more
  double clear_p = 0.2;        // a suspect whose new runs have such a p was chance
  double must_see = 0.05;      // a case that would not show such a change is inconclusive
  std::size_t history = 10;    // the last so many accepted runs
  std::size_t least_history = 5;
  std::vector<std::size_t> looks = {2, 4, 8};  // after so many runs of a suspect

  double alpha_of_look() const { return alpha / static_cast<double>(looks.size()); }
};

// One metric of one case.
struct GateMeasure {
  std::string case_id;
  std::string metric;
  std::string unit;
  Better better = Better::higher;
  Condition condition;        // of tonight's
  std::vector<Draw> history;  // the last first
  std::vector<Draw> first;    // tonight's; none of a comparison in turn
  std::vector<Draw> again;    // of a suspect, made after it was one
  bool in_turn = false;       // history[i] and again[i] were made one right after the other

  GateKind kind = GateKind::inconclusive;
  std::string reason;
  std::string field;  // of incomparable: what of the fingerprint differs
  bool suspect = false;
  bool open = false;                 // it wants more runs
  std::optional<BetweenRuns> found;  // of what the kind was judged by
  double p_adjusted = 1;
  std::optional<double> sees;  // the smallest change that four of five such gates would call one
};

// Of tonight's first run: which are suspects. What has a kind already, as what is incomparable, is
// left alone. Judges all others.
void screen(std::vector<GateMeasure>& all, const GateRules& rules);

// With `again` of all that are open as long as the look asks. The last look closes all.
void confirm(std::vector<GateMeasure>& all, std::size_t look, const GateRules& rules);

// There is no time for more runs.
void close_open(std::vector<GateMeasure>& all, const GateRules& rules);

// The worst of them: a regression, then what is inconclusive or incomparable; unchanged or improved
// only where all are. Inconclusive where there are none.
GateKind worst(const std::vector<GateMeasure>& all);

// Whether the run may stand for the state of the world in the history: an unchanged one, one whose
// history is too short to tell, or one that is noisier than it must be.
bool may_be_accepted(const GateMeasure& measure, const GateRules& rules);

}  // namespace pktbench
