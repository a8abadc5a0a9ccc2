// Where a run's records go as they come. The runner knows only this; report writes files behind it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/core/testbed.hpp"
#include "harness/core/trial.hpp"

namespace pktbench {

// disturbed: no trial is ok, and the summary is of disturbed ones.
enum class CaseStatus { ok, disturbed, unsupported, failed, invalid, interrupted };

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
};

inline const char* to_string(CaseStatus s) {
  switch (s) {
    case CaseStatus::ok:
      return "ok";
    case CaseStatus::disturbed:
      return "disturbed";
    case CaseStatus::unsupported:
      return "unsupported";
    case CaseStatus::failed:
      return "failed";
    case CaseStatus::invalid:
      return "invalid";
    case CaseStatus::interrupted:
      break;
  }
  return "interrupted";
}

struct LabelledTestbed {
  std::string label;  // empty where there is only one
  const Testbed* testbed;
};
using Testbeds = std::vector<LabelledTestbed>;

// Threads: called from the runner's one thread, between trials.
class RunSink {
 public:
  virtual ~RunSink() = default;
  // The wiring stands, before the first and after the last trial: the time to look at the machine.
  // All of the scenario's testbeds, in its order.
  // An error of the first ends the run before it has measured.
  virtual Result<void> on_testbeds_up(const Testbeds&) { return {}; }
  virtual void on_testbeds_down(const Testbeds&) {}
  // Must be durable when it returns: a trial that has ended is never lost.
  virtual Result<void> on_trial(const CaseSpec& spec, const TrialRecord& trial) = 0;
};

}  // namespace pktbench
