// The measures that two cases are judged by, and why one of them is not.
//
// Threads: none. Pure.
#pragma once

#include <optional>
#include <string>

#include "harness/compare/recorded_run.hpp"
#include "harness/measure/paired_ratio.hpp"

namespace pktbench {

struct MeasureComparison;

struct MeasureKind {
  const char* name;
  Better better;
  std::optional<double> RecordedTrial::*value;
};
inline constexpr MeasureKind kRate{"mpps", Better::higher, &RecordedTrial::mpps};
inline constexpr MeasureKind kCycles{"cycles_per_packet", Better::lower,
                                     &RecordedTrial::cycles_per_packet};
inline constexpr MeasureKind kBusyCycles{"busy_cycles_per_packet", Better::lower,
                                         &RecordedTrial::busy_cycles_per_packet};

// Its rate is a lower bound for the DUT.
bool bounded(const RecordedCase& c);

// Where a loop of either spins, and both tell what is busy.
bool judged_by_busy_cycles(const RecordedCase& base, const RecordedCase& next);

// Why this measure is not judged; empty: it is. `alike`: some trials of either have one condition.
// Says in `made` whether that is as it should be.
std::string obstacle(const MeasureKind& kind, const RecordedCase& base, const RecordedCase& next,
                     bool alike, MeasureComparison& made);

}  // namespace pktbench
