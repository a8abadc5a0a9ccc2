// The second conservation law, of trials whose workload sends frames back:
//   sent back by the backend's count = came back + strays + lost on the way back + unaccounted
// Frames lost there are no losses of the DUT, which has received them. Pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "harness/core/counters.hpp"
#include "harness/core/return_sink.hpp"
#include "harness/core/trial.hpp"

namespace pktbench::method {

// 0 where there is none of that name.
std::uint64_t count_of(const std::map<std::string, std::uint64_t>& counts, const std::string& name);

// What a backend says it has sent back: what it turned round (`reflected`) but for what the way out
// refused (`not_sent`). 0 where its workload sends nothing back.
std::uint64_t sent_back(const Counters& received);

// REQUIRES: `before` is the earlier one.
ReturnRecord returned_between(const Returned& before, const Returned& after,
                              std::uint64_t sent_back);

// Why a trial with this record is invalid; empty where it is not.
std::string fault_of(const ReturnRecord& record, std::uint64_t tolerance);

}  // namespace pktbench::method
