// Where a run's records go as they come. The runner knows only this; report writes files behind it.
#pragma once

#include <string>
#include <vector>

#include "harness/core/case_result.hpp"
#include "harness/core/result.hpp"
#include "harness/core/testbed.hpp"

namespace pktbench {

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
