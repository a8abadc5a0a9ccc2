// A run.json read back for comparing: what was measured, how, and each trial's figures.
//
// Read strictly where a comparison relies on it and no further: there a key that is missing or has
// another type is an error; elsewhere it is passed over. It is read as a stream, one trial at a
// time, of which as much is kept as a comparison needs: a twentieth of the text.
//
// Threads: none. Errors: ErrorCode::invalid_input, one line with file, JSON pointer and problem.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/core/case_result.hpp"
#include "harness/core/result.hpp"
#include "harness/record/comparable.hpp"
#include "harness/record/fingerprint.hpp"

namespace pktbench {

// As TrialRecord has them.
struct RecordedTrial {
  int round = 0;
  int restart = 0;  // on which set-up of the testbed; an older run had one
  TrialStatus status = TrialStatus::failed;
  Limiter limiter = Limiter::unknown;
  // The DUT had no idle time and was not what limited the rate: a loop that spins, or a path within
  // 1% of its capacity. Its cycles are the clock's, however many frames there were.
  bool spins = false;
  std::optional<double> mpps;
  std::optional<double> cycles_per_packet;
  // Of a loop that spins without its polls in vain; of what does not spin cycles_per_packet. None
  // in an older run, which does not tell them.
  std::optional<double> busy_cycles_per_packet;
  bool tells_polls = false;  // a loop of it spins, and it tells which polls were in vain
  std::optional<double> offered_pps;
  std::string cycles_source;
  std::string started_at;
  Condition condition;
};

// What a method found. Without the map of core's Metric, which a run of many trials would fill.
struct RecordedMetric {
  std::string name;
  std::string unit;
  bool higher_is_better = true;
  std::vector<std::pair<int, double>> by_round = {};  // (round, value)
};

struct RecordedCase {
  std::string id;
  CaseStatus status = CaseStatus::failed;
  std::string reason;  // empty when ok
  Limiter limiter = Limiter::unknown;
  int rounds_planned = 0;               // each of them is one trial or more; 0: not known
  std::vector<RecordedMetric> metrics;  // what its method found; an older run has none
  Condition condition;                  // of the trials in its summary
  std::vector<RecordedTrial> trials;    // in the order they were made, invalid ones included
  Comparable comparable;
  // What is compared as a rule, so that a difference is said and no obstacle.
  std::map<std::string, std::string> subject;
};

// What a run says of itself.
struct RecordedHead {
  std::string path;  // of the run.json
  std::string id;
  std::string host;
  std::string started_at;
  std::string scenario;  // its name; empty: not known
  std::string tool_version;
  std::string git_commit;  // empty: not known
  bool interrupted = false;
  std::map<std::string, std::string> environment;  // CPU, kernel and so on; empty: not known
  std::optional<Fingerprint> fingerprint;          // an older run has none
};

struct RecordedRun : RecordedHead {
  std::vector<RecordedCase> cases;  // ids are unique
};

// `path`: a run.json or the directory that holds it.
Result<RecordedRun> read_recorded_run(const std::string& path);

// The same from text; `where` names it in errors.
Result<RecordedRun> parse_recorded_run(const std::string& text, const std::string& where);

}  // namespace pktbench
