// What the trials of a run so far say: whether a round of a case is done, which cases want more,
// and what each case comes to.
//
// A summary is of one condition, the one in which most of the run's trials were made, so that the
// cases of a table can be read against each other; trials of another are kept and counted beside
// it. A case without an ok trial is summarised over its disturbed ones, as long as their frames are
// all accounted for, and says so.
//
// Threads: none. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/core/case_result.hpp"

namespace pktbench {

// Whether `round` of a case needs no further trial: one was not disturbed, the repeats are used up,
// or the case's last two were disturbed alike, so that a third would be too. `trials`: of the case,
// in the order they were made.
bool round_done(const std::vector<TrialRecord>& trials, int round, int max_repeats);

// How many rounds each case is short of, of `planned`: rounds without an ok trial in the condition
// of the run. Those in which the counts did not add up are lost for good; 0 for every case where no
// trial of its testbed is ok. REQUIRES: every round of every case is done.
std::vector<std::size_t> rounds_short(const std::vector<CaseResult>& cases, int planned);

// Which of them are short of any: Method::wants_more() of methods whose rounds are trials.
std::vector<bool> cases_short(const std::vector<CaseResult>& cases, int planned);

// Sets each case's mode, limiter, condition and trials' in_summary; and status and reason, but of
// those whose `decided` is set.
void conclude(std::vector<CaseResult>& cases);

// For methods whose trials are each at a load of its own: no rate or cost can be taken from all of
// them.
void take_out_of_summary(CaseResult& c);

// The limiter most of these trials name; unknown where there is no majority.
Limiter majority_limiter(const std::vector<const TrialRecord*>& trials);

}  // namespace pktbench
