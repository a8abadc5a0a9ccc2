// trials.jsonl: one line per trial, appended as it ended.
//
// Threads: none. Errors: invalid_input names the file and the line; a file that cannot be read is
// `failed`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/core/trial.hpp"

namespace pktbench {

inline constexpr const char* kTrialLogName = "trials.jsonl";

struct LoggedTrial {
  std::string case_id;
  EffectiveMode mode;
  TrialRecord trial;
};

struct TrialLog {
  std::vector<LoggedTrial> trials;  // in the order they were made
  std::uint64_t intact_bytes = 0;   // what comes after them is torn
  bool newline_due = false;         // the last trial is whole, but its line was not ended
  std::string torn;                 // a sentence about the torn last line; empty: there is none
};

// The line, with its newline.
std::string trial_line(const CaseSpec& spec, const TrialRecord& trial);

// A last line that a crash has cut short is passed over and told in `torn`; anything else that is
// not as trial_line() writes it is an error. The file is not changed.
Result<TrialLog> load_trials(const std::string& dir);

}  // namespace pktbench
