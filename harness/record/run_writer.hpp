// Writes the directory of one run: trials.jsonl as the trials end, run.json at the end.
//
// Under sudo all of it belongs to the user who called sudo; root follows no link there.
//
// Threads: one. A second writer on the same directory is refused. Errors: a sentence with the file
// and the remedy; after an error the files are as they were before the call.
#pragma once

#include <cstdint>
#include <string>

#include "harness/core/case_result.hpp"
#include "harness/core/result.hpp"
#include "harness/record/run_document.hpp"
#include "harness/record/trial_log.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench {

inline constexpr const char* kRunFileName = "run.json";

class RunWriter {
 public:
  // Makes the directory, with those above it. Errors: invalid_input where it holds something
  // already.
  static Result<RunWriter> create(const std::string& dir);

  // Goes on in the directory of a run that did not finish; a torn last line is cut off. resumed()
  // has what was there.
  static Result<RunWriter> resume(const std::string& dir);

  const std::string& dir() const { return dir_; }
  const TrialLog& resumed() const { return resumed_; }

  // One line, on the disk when it returns.
  Result<void> on_trial(const CaseSpec& spec, const TrialRecord& trial);

  // Puts run.json in place as a whole, or leaves what is there. May be called before the first
  // trial with a document that is not finished, so that a run that is killed leaves its scenario
  // behind.
  Result<void> finish(const RunDocument& document);

 private:
  RunWriter(std::string dir, sys::Fd dir_fd) : dir_(std::move(dir)), dir_fd_(std::move(dir_fd)) {}
  static Result<RunWriter> open(const std::string& dir, bool is_new);

  std::string dir_;
  sys::Fd dir_fd_;
  sys::Fd log_;  // locked for as long as this lives
  std::uint64_t log_bytes_ = 0;
  TrialLog resumed_;
};

}  // namespace pktbench
