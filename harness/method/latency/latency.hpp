// The method `latency`: how late frames are when the workload gets them, by the time each was due,
// at loads that are shares of the PDR and unloaded. A round is the reference, then each load, on
// one open session.
//
// Open loop: a frame that could not be sent in time is sent late, and is as late as that; no sample
// is left out because the ones before it were slow.
#pragma once

#include "harness/core/field.hpp"
#include "harness/core/method.hpp"

namespace pktbench::method {

// The option that says who reads the clock, by the names of Stamp.
inline constexpr const char* kStamp = "stamp";

MethodType latency_method();

// What a trial records of it, and a case of a load.
const Fields<LatencyRecord>& latency_fields();
const Fields<LatencyLoad>& latency_load_fields();

}  // namespace pktbench::method
