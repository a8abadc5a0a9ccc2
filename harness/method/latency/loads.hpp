// The loads of the method `latency`: which trial of a round is at which, and what those of one load
// come to.
//
// Threads: none. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/latency.hpp"
#include "harness/core/trial.hpp"
#include "harness/measure/histogram.hpp"

namespace pktbench::method {

// Each percentile that enough frames are there for: one beyond it at least.
Percentiles percentiles_of(const measure::Histogram& histogram);

// Of trials at one load. Errors: `invalid_input` of a record whose histogram is none.
// REQUIRES: there is a trial, and each has its `latency`.
Result<LatencyLoad> sum_of(const std::string& load, const std::vector<const TrialRecord*>& trials);

}  // namespace pktbench::method
