// Whether a trial is `ok` or `invalid`, with the reason; who set its limit, and the evidence.
// Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/core/trial.hpp"
#include "harness/method/accounting.hpp"

namespace pktbench::method {

inline constexpr const char* kForeignFrames = "foreign_frames";

struct Disturbed {
  std::string by;        // as TrialRecord::disturbed_by
  std::string sentence;  // what happened
};

// What the record does not hold.
struct TrialFacts {
  CpuOwners owners;
  std::string generator;
  std::vector<Disturbed> disturbances = {};  // one for each rule of a source that was broken
  std::uint64_t in_window = 0;               // packets received while the gate was open
  std::uint64_t open_ns = 0;                 // how long it was open the last time
  std::uint64_t reference_ns = 0;            // the same by the reference clock
  std::string reference_clock;
  double unnamed_loss = 0;  // share of the offered frames that the testbed may lose unnamed
};

// Sets the record's status, reason, disturbed, limiter and evidence. REQUIRES: it is counted and
// charged.
void judge_trial(const TrialPlan& plan, const TrialFacts& facts, TrialRecord& record);

// The same for one that ended before its window, for these disturbances.
void judge_windowless(const std::vector<Disturbed>& disturbances, TrialRecord& record);

}  // namespace pktbench::method
