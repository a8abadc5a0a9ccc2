// The method `latency` in the table of results.
#pragma once

#include <vector>

#include "harness/core/method.hpp"

namespace pktbench::method {

std::vector<ResultColumn> latency_columns(const std::vector<CaseResult>& cases);
void explain_latency(const std::vector<CaseResult>& cases, Legend& legend);

}  // namespace pktbench::method
