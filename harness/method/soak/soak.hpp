// The method `soak`: one load for minutes to hours in windows on one session. What drifts, which
// window was the worst, and what grows in pktbench itself.
#pragma once

#include "harness/core/field.hpp"
#include "harness/core/method.hpp"

namespace pktbench::method {

MethodType soak_method();

// The window that lost most of the ok ones or, where there are none, of all; of several the
// slowest. Null where there is no window.
const SoakWindow* worst_window(const CaseResult& c);

// What a soak records of a window, and of how a value goes with time.
const Fields<SoakWindow>& soak_window_fields();
const Fields<SoakDrift>& soak_drift_fields();

}  // namespace pktbench::method
