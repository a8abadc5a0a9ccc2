// The summaries of one case, over its ok trials only.
#pragma once

#include <optional>

#include "harness/measure/summary.hpp"
#include "harness/runner/sink.hpp"

namespace pktbench {

struct CaseSummary {
  Summary mpps;
  Summary ns_per_packet;
  Summary cycles_per_packet;
};

// nullopt where no trial is ok. A trial without a value, or with one that is not finite, does not
// count in that value's n.
std::optional<CaseSummary> summarize_case(const CaseResult& result);

}  // namespace pktbench
