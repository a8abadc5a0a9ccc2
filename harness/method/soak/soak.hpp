// The method `soak`: one load for minutes to hours in windows on one session. What drifts, which
// window was the worst, and what grows in pktbench itself.
#pragma once

#include "harness/core/field.hpp"
#include "harness/core/method.hpp"

namespace pktbench::method {

MethodType soak_method();

// The ok window that lost most; of several the slowest; null where none is ok.
const SoakWindow* worst_window(const CaseResult& c);

// What a soak records of a window, and of how a value goes with time.
const Fields<SoakWindow>& soak_window_fields();
const Fields<SoakDrift>& soak_drift_fields();

}  // namespace pktbench::method
