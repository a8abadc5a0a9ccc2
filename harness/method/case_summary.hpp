// The summaries of one case, over its trials that are in it: the ok ones of one condition or, where
// none is ok, disturbed ones (rounds.hpp).
#pragma once

#include <cstddef>
#include <optional>

#include "harness/core/case_result.hpp"
#include "harness/measure/summary.hpp"

namespace pktbench {

struct CaseSummary {
  Summary mpps;
  Summary ns_per_packet;
  Summary cycles_per_packet;
  Summary busy_cycles_per_packet;
};

// Of a run that is not concluded: whether it is ok.
bool in_summary(const TrialRecord& trial);

// Whether a trial of it is in the summary.
bool has_summary(const CaseResult& result);

// Whether its method found something at loads of its own: its trials are no repeats then, and have
// no summary.
bool has_loads_of_its_own(const CaseResult& result);

// Whether there is anything to show of it: a summary, or what its method found.
bool has_figures(const CaseResult& result);

// nullopt where there is no such trial. A trial without a value, or with one that is not finite,
// does not count in that value's n.
std::optional<CaseSummary> summarize_case(const CaseResult& result);

// By the kernel's account; absent where it was not taken, or the programs did not run.
std::optional<double> ns_per_run(const TrialRecord& trial);

// Of ns_per_run, over the ok ones of the trials with BPF statistics.
Summary summarize_bpf(const CaseResult& result);

}  // namespace pktbench
