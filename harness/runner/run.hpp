// The run: every case of a scenario, in rounds, so that slow drift of the machine meets all cases
// alike (A B C A B C, not A A B B C C). The order inside each round is shuffled, so that no case
// always follows the same other one.
//
// Threads: one. The runner sees interfaces only; it needs no privileges of its own.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/core/clock.hpp"
#include "harness/core/registry.hpp"
#include "harness/core/result.hpp"
#include "harness/core/testbed.hpp"
#include "harness/core/trial.hpp"
#include "harness/live/observer.hpp"
#include "harness/runner/scenario.hpp"

namespace pktbench {

// Which of the run's blocks a round is of: as equal as they can be; rounds beyond `rounds` are of
// the last.
int block_of(int round, int rounds, int restarts);

// Trials made by an earlier, interrupted run of the same scenario, by case id.
using FinishedTrials = std::map<std::string, std::vector<TrialRecord>>;

struct RunOutcome {
  std::vector<CaseResult> cases;
  bool interrupted = false;
  std::string not_restored;  // what of the host is not as it was; empty: all is
};

// Errors: `refused` or `failed` where the testbed cannot be made or a record cannot be kept. What
// happens to a single case is data in the outcome. The testbed is down when it returns.
Result<RunOutcome> run_scenario(const Scenario& scenario, const Registry& registry,
                                const FinishedTrials& finished, Observer& observer,
                                const StopFlag& stop);

// The order in which round `round` visits `cases` cases, by index. It depends on nothing else, so
// that a run that is resumed goes on in the same order.
std::vector<std::size_t> round_order(std::uint64_t seed, int round, std::size_t cases);

}  // namespace pktbench
