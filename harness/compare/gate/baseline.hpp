// What a case has been: the runs that were accepted, in epochs. An epoch begins with a run that
// somebody accepted for a reason; runs that pass the gate roll into it by themselves. It is one
// JSON file for a host and a scenario, to be read by people and kept in git.
//
// Threads: none. Errors: invalid_input with file and JSON pointer; `refused` where a baseline must
// not be made of the run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/compare/recorded_run.hpp"
#include "harness/measure/between_runs.hpp"
#include "harness/record/fingerprint.hpp"

namespace pktbench {

struct BaselineDraw {
  int restart = 0;
  double median = 0;
  double sd = 0;  // of the logarithms of its trials
  std::uint64_t trials = 0;
};

struct BaselineMetric {
  std::string name;
  std::string unit;
  bool higher_is_better = true;
  std::vector<BaselineDraw> draws;
};

struct BaselineCase {
  std::string id;
  Condition condition;
  Limiter limiter = Limiter::unknown;
  std::string cycles_source;          // empty: none
  std::optional<double> offered_pps;  // median; none: not known
  std::vector<BaselineMetric> metrics;
};

struct BaselineRun {
  std::string id;
  std::string started_at;
  std::string path;  // where its run.json was
  std::string tool_version;
  std::string git_commit;  // empty: not known
  bool by_hand = false;
  std::vector<BaselineCase> cases;
};

// Of one metric of one case over an epoch: what a reviewer looks at.
struct EpochSummary {
  std::string case_id;
  std::string metric;
  std::string unit;
  std::uint64_t runs = 0;
  double median = 0;
  std::optional<double> spread;  // standard deviation between runs, relative; none: of one
};

struct Epoch {
  std::string since;
  std::string reason;
  Fingerprint fingerprint;
  std::vector<EpochSummary> summary;
  std::vector<BaselineRun> runs;  // the newest last
};

struct Baseline {
  std::string host;
  std::string scenario;
  std::vector<Epoch> epochs;  // the newest last
};

inline constexpr std::size_t kRunsKept = 50;  // of an epoch; older ones are dropped

// "DIR/HOST-SCENARIO.json"
std::string baseline_path(const std::string& dir, const std::string& host,
                          const std::string& scenario);

// None where there is no such file.
Result<std::optional<Baseline>> read_baseline(const std::string& path);

std::string baseline_text(const Baseline& baseline);

// What may be held against another run of a case: of each metric what every restart came to. A rate
// that is not the DUT's and cycles that say nothing (of a loop that spins) are left out.
std::vector<BaselineCase> baseline_cases(const RecordedRun& run);

BaselineRun baseline_run(const RecordedRun& run, bool by_hand);

// Every draw of a run that was accepted by hand, each a restart; of others their mean.
std::vector<Draw> draws_of(const BaselineRun& run, const BaselineMetric& metric);

// Begins an epoch. Errors: `refused` for a run that is virtual where the others are of hardware, or
// is interrupted, has no fingerprint, or no case that is ok.
Result<void> begin_epoch(Baseline& baseline, const RecordedRun& run, const std::string& reason);

// Rolls a run into an epoch: the cases that are named by `ids`.
void roll_in(Epoch& epoch, const RecordedRun& run, const std::vector<std::string>& ids);

// The newest epoch of this fingerprint, but for what is varied; null: none is.
Epoch* epoch_for(Baseline& baseline, const Fingerprint& fingerprint,
                 const std::vector<std::string>& varied);

}  // namespace pktbench
