// What the gate judges: every metric of every case of tonight's run, beside its history.
//
// Threads: none. Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/compare/gate/baseline.hpp"
#include "harness/compare/gate/gate.hpp"

namespace pktbench {

// Of history only what may be held against tonight's: the same condition and source of cycles, and
// for cycles the same load. Cases of the history that tonight lacks are inconclusive.
std::vector<GateMeasure> gate_measures(const Epoch& epoch, const RecordedRun& run,
                                       const GateRules& rules);

// Of a run that must not be held against the baseline, since `field` differs.
std::vector<GateMeasure> incomparable_measures(const RecordedRun& run, const std::string& field,
                                               const std::string& why);

// Of a comparison in turn, with what its runs came to.
std::vector<GateMeasure> measures_in_turn(const std::vector<RecordedRun>& base,
                                          const std::vector<RecordedRun>& next);

// One more run of the suspects.
void add_run(std::vector<GateMeasure>& all, const RecordedRun& run);

// Cases that want more runs.
std::vector<std::string> open_cases(const std::vector<GateMeasure>& all);

}  // namespace pktbench
