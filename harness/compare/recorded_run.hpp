// A run.json read back for comparing: what was measured, how, and each trial's figures.
//
// Read strictly where a comparison relies on it and no further: there a key that is missing or has
// another type is an error; elsewhere it is passed over, and what it names stays empty.
//
// Threads: none. Errors: ErrorCode::invalid_input, one line with file, JSON pointer and problem.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/core/case_result.hpp"
#include "harness/core/result.hpp"
#include "harness/record/comparable.hpp"

namespace pktbench {

struct RecordedCase : CaseResult {
  Comparable comparable;
  // What is compared as a rule, so that a difference is said and no obstacle.
  std::map<std::string, std::string> subject;
};

// The DUT had no idle time and was not what limited the rate: a loop that spins, or a path within
// 1% of its capacity. Its cycles are the clock's, however many frames there were.
bool spins(const TrialRecord& trial);

struct RecordedRun {
  std::string path;  // of the run.json
  std::string id;
  std::string host;
  std::string started_at;
  std::string tool_version;
  std::string git_commit;  // empty: not known
  bool interrupted = false;
  std::map<std::string, std::string> environment;  // CPU, kernel and so on; empty: not known
  std::vector<RecordedCase> cases;                 // ids are unique
};

// `path`: a run.json or the directory that holds it.
Result<RecordedRun> read_recorded_run(const std::string& path);

// The same from text, and from what is read already; `where` names it in errors.
Result<RecordedRun> parse_recorded_run(const std::string& text, const std::string& where);
Result<RecordedRun> recorded_run(const nlohmann::ordered_json& json, const std::string& where);

}  // namespace pktbench
