// What a case of a run comes to.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

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

struct CaseResult {
  CaseSpec spec;
  EffectiveMode mode;
  CaseStatus status = CaseStatus::failed;
  std::string reason;               // empty when ok
  bool decided = false;             // given up: status and reason stay, whatever trials it has
  Condition condition;              // of the trials in its summary
  std::size_t other_condition = 0;  // trials as good as those, but in another condition
  Limiter limiter = Limiter::unknown;
  std::vector<TrialRecord> trials;  // in the order they were made, invalid ones included
  // Those with the kernel's BPF statistics on, where the scenario asks for them; never among the
  // above. The reason says why there are none, or no more of them.
  bool bpf_stats = false;
  std::vector<TrialRecord> bpf_trials;
  std::string bpf_reason;
  std::vector<Metric> metrics;
};

}  // namespace pktbench
