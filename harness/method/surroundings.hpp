// What is round a trial: the testbed's sources of disturbance, read before and after its window.
// From the two readings come what disturbed it, the condition that lasted, and how often the DUT
// was woken.
//
// Threads: one controlling thread. Nothing is read while a window is open.
#pragma once

#include <vector>

#include "harness/core/testbed.hpp"
#include "harness/core/trial.hpp"
#include "harness/method/validity.hpp"

namespace pktbench::method {

class Surroundings {
 public:
  // All of them outlive this.
  Surroundings(Testbed& testbed, const CaseSpec& spec, const TrialPlan& plan)
      : testbed_(testbed), spec_(spec), plan_(plan) {}

  // When everything of the trial is started.
  void watch(const TrialParts& parts);

  // REQUIRES: the gate is shut; the window is next.
  void before_window() { before_ = read(); }

  // Sets the record's disturbance, condition and evidence of wake-ups, and returns a sentence for
  // each rule that was broken. REQUIRES: the gate is shut again, and the record has its duration.
  std::vector<Disturbed> after_window(TrialRecord& record);

 private:
  using Readings = std::vector<DisturbanceReading>;  // one for each source
  Readings read();
  std::vector<Disturbed> judge(const Readings& after, TrialRecord& record) const;
  Condition condition(const Readings& after) const;
  void note_wakeups(TrialRecord& record) const;

  Testbed& testbed_;
  const CaseSpec& spec_;
  const TrialPlan& plan_;
  Readings before_;
};

}  // namespace pktbench::method
