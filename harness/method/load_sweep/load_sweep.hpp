// The method `load-sweep`: what a case costs at each of several loads, on one session a round. What
// a packet costs depends on the load (batches, wake-ups), so that one figure of it is none.
#pragma once

#include "harness/core/field.hpp"
#include "harness/core/method.hpp"

namespace pktbench::method {

MethodType load_sweep_method();

// What a sweep records of a load.
const Fields<SweepLoad>& sweep_fields();

}  // namespace pktbench::method
