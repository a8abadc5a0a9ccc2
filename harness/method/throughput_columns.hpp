// What the table of results shows of a case measured by `throughput`: rate, interval, cost, loss.
#pragma once

#include <vector>

#include "harness/core/method.hpp"

namespace pktbench::method {

std::vector<ResultColumn> throughput_columns();

// REQUIRES: every case has a trial in its summary.
void explain_throughput(const std::vector<CaseResult>& cases, Legend& legend);

}  // namespace pktbench::method
