// The method `throughput`: trials of each case at its own rate, in rounds; their medians are the
// results. A disturbed trial is made again; cases with too few trials in the condition of the run
// get extra rounds. Each trial has a session of its own, since independent starts are part of what
// is measured, or keeps the one before it ("restart": false).
#pragma once

#include "harness/core/method.hpp"

namespace pktbench::method {

MethodType throughput_method();

}  // namespace pktbench::method
