// A method: how the cases of a run are measured. It says which trial is next and what the trials
// come to; it measures nothing itself.
//
// Threads: none. Pure: an answer depends on the method's options and on the trials given, so that
// it is tested without packets, and a run that is resumed goes on as it would have gone on.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/case_result.hpp"
#include "harness/core/lookup.hpp"
#include "harness/core/options.hpp"
#include "harness/core/trial.hpp"

namespace pktbench {

// Which session a trial is made on.
enum class Start {
  alone,  // its own
  anew,   // one that is opened for it and kept
  kept,   // the case's open one, if it has one, else as `anew`
};

// What to measure next of a case.
struct Step {
  TrialPlan plan;
  Start start = Start::alone;
  bool bpf_stats = false;  // with the kernel's statistics of BPF programs on
};

class Method {
 public:
  virtual ~Method() = default;

  // Rounds planned of every case. A run takes its cases in turn, round by round, so that slow drift
  // of the machine meets all alike.
  virtual int rounds() const = 0;

  // Rounds beyond those that a run may have at most.
  virtual int extra_rounds() const { return 0; }

  // The next trial of a case in `round`, from 0; none: it is done with it. REQUIRES: the trials are
  // in the order they were made.
  virtual std::optional<Step> next(const CaseResult& so_far, int round) const = 0;

  // Trials of the rounds planned that the case has still to make, at least.
  virtual std::size_t trials_left(const CaseResult& so_far) const = 0;

  // Which cases an extra round is for; none: the run is over. REQUIRES: every earlier round is
  // done.
  virtual std::vector<bool> wants_more(const std::vector<CaseResult>& /*cases*/) const {
    return {};
  }

  // What the cases come to: sets mode, limiter, condition, metrics and trials' in_summary; and
  // status and reason, but of those whose `decided` is set.
  virtual void conclude(std::vector<CaseResult>& cases) const = 0;
};

// Notes to a table, each once, in the order they come.
class Legend {
 public:
  void add(const std::string& note) {
    if (!contains(notes_, note)) notes_.push_back(note);
  }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::vector<std::string> notes_;
};

// A column of the table of results that is the method's own. A cell without a value is empty.
struct ResultColumn {
  std::string head;
  bool right_aligned = true;
  int leave_out = 0;  // where there is no room, the column with the highest goes first; 0: it stays
  std::function<std::string(const CaseResult&)> cell;
};

struct MethodType {
  std::string name;
  std::string summary;              // one line
  std::vector<OptionSpec> options;  // in the order in which a resolved scenario has them
  std::function<std::unique_ptr<const Method>(const Options&)> make;
  // Why it cannot measure that many cases in one run with these options; empty: it can.
  std::function<std::string(const Options&, std::size_t cases)> refuses;
  // Of cases that have figures, all that are shown: between the case with its mode and the limiter.
  std::function<std::vector<ResultColumn>(const std::vector<CaseResult>&)> columns;
  // What the columns of these cases need explained.
  std::function<void(const std::vector<CaseResult>&, Legend&)> explain;
  bool stamps = false;  // its cases are of stamped frames
};

}  // namespace pktbench
