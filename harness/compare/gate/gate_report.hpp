// What `pktbench gate` says: gate.json, and a table for a terminal.
//
// Threads: none. Errors: none.
#pragma once

#include <string>
#include <vector>

#include "harness/compare/gate/gate.hpp"
#include "harness/compare/recorded_run.hpp"
#include "harness/text/fit.hpp"

namespace pktbench {

inline constexpr const char* kGateFileName = "gate.json";

struct GateReport {
  std::string scenario;
  std::string dir;
  std::string baseline;     // the file; empty: two states in turn
  std::string epoch_since;  // of the baseline; empty: there is none
  std::string epoch_reason;
  std::string base_command;  // in turn only
  std::string new_command;
  std::vector<std::string> varied;
  std::vector<std::string> runs;  // directories, in the order they were made
  std::string host;
  std::string started_at;
  bool is_virtual = true;
  double budget_s = 0;
  GateRules rules;
  std::vector<GateMeasure> measures;
  GateKind verdict = GateKind::inconclusive;
  std::string reason;    // of the whole, where it is not one measure's; else empty
  std::string accepted;  // what became of the baseline, a sentence
};

// By results/schema/gate.schema.json; `exit_status` is what the process will end with.
std::string gate_json(const GateReport& report, int exit_status);

std::string gate_text(const GateReport& report, const Terminal& terminal);

}  // namespace pktbench
