// Progress on stderr: a bar with the remaining time on a terminal, else one line per trial.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "harness/core/trial.hpp"

namespace pktbench {

// Threads: the runner's.
class Progress {
 public:
  virtual ~Progress() = default;
  virtual void begin(std::size_t trials) = 0;
  virtual void trial_started(const CaseSpec& spec, int trial, int of) = 0;
  virtual void trial_ended(const CaseSpec& spec, const TrialRecord& record, int of) = 0;
  // `trials` more than begin() said, for the reason.
  virtual void more(std::size_t trials, const std::string& why) = 0;
  // A disturbed trial, which will be made again.
  virtual void repeating(const CaseSpec& spec, const TrialRecord& record) = 0;
  // `trials` of this case will not be made, for this reason.
  virtual void skipped(const CaseSpec& spec, std::size_t trials, const std::string& reason) = 0;
  // Many lines that belong to the trial that has just failed, such as the verifier's log.
  virtual void detail(const std::string& text) = 0;
  virtual void end() = 0;
};

// Redraws one line when stderr is a terminal; otherwise writes lines.
std::unique_ptr<Progress> make_stderr_progress();

std::unique_ptr<Progress> make_silent_progress();

}  // namespace pktbench
