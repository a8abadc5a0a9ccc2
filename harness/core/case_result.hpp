// What a case of a run comes to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/latency.hpp"
#include "harness/core/load_results.hpp"
#include "harness/core/trial.hpp"

namespace pktbench {

// disturbed: no trial is ok, and the summary is of disturbed ones.
enum class CaseStatus { ok, disturbed, unsupported, failed, invalid, interrupted };
inline constexpr std::array kCaseStatusNames = {"ok",     "disturbed", "unsupported",
                                                "failed", "invalid",   "interrupted"};
inline const char* to_string(CaseStatus value) {
  return kCaseStatusNames[static_cast<std::size_t>(value)];
}

// A figure that a method found of a case, for those who do not know the method.
struct Metric {
  std::string name;  // "mpps"
  std::string unit;
  bool higher_is_better = true;
  std::map<std::string, double> by_round;  // "0"; of the trials in the case's summary
};

// What one search found for one of its goals. Rates are offered, in packets/s.
struct GoalResult {
  std::string name;
  double loss_ratio = 0;
  int round = 0;
  std::optional<double> lower_pps;        // the highest load with no more loss than that
  std::optional<double> upper_pps;        // the lowest with more
  std::optional<double> conditional_pps;  // forwarded at lower_pps
  bool regular = false;                   // both bounds are there, as close as was asked for
  std::string reason;                     // why it is not; empty where it is
  std::uint64_t trials = 0;               // of the search; they count for all of its goals
  double seconds = 0;
};

// Where a case begins to lose frames by an earlier search, with which one may begin.
struct FirstGuess {
  double mean_pps = 0;
  double deviation_pps = 0;
  double max_pps = 0;  // the greatest load there
  bool held = false;   // the first search did not contradict it
};

// What is lost at a load so low that a device should lose nothing: no goal below it can be reached.
struct LossFloor {
  double load_pps = 0;
  std::uint64_t offered = 0;  // frames; 0: it was not measured
  std::uint64_t lost = 0;
};

struct CaseResult {
  CaseSpec spec;
  EffectiveMode mode;
  CaseStatus status = CaseStatus::failed;
  std::string reason;               // empty when ok
  bool decided = false;             // given up: status and reason stay, whatever trials it has
  Condition condition;              // of the trials in its summary
  std::size_t other_condition = 0;  // trials as good as those, but in another condition
  Limiter limiter = Limiter::unknown;
  int rounds_planned = 0;           // each of them is one trial or more; 0: not known
  int rounds_done = 0;              // of those, when the run ended: no trial is missing in them
  std::vector<TrialRecord> trials;  // in the order they were made, invalid ones included
  // Those with the kernel's BPF statistics on, where the scenario asks for them; never among the
  // above. The reason says why there are none, or no more of them.
  bool bpf_stats = false;
  std::vector<TrialRecord> bpf_trials;
  std::string bpf_reason;
  std::vector<Metric> metrics;
  std::vector<GoalResult> goals;          // of the method `search`, by round
  LossFloor floor;                        // of the same
  std::optional<FirstGuess> guess;        // of the same; none: it began with nothing
  std::optional<FlipRecord> flip;         // of the method `flip`, over its trials
  std::vector<LoadReference> references;  // what the loads below are shares of
  std::vector<SweepLoad> sweep;           // of the method `load-sweep`
  std::vector<LatencyLoad> latency;       // of the method `latency`
  std::vector<BurstTest> bursts;          // of the method `back-to-back`
  std::vector<SoakWindow> soak_windows;   // of the method `soak`
  std::vector<SoakDrift> soak_drifts;
};

}  // namespace pktbench
