// The method `flip`: the kernel's tax. A program in the driver passes each frame on to the stack
// until a variable turns it, in mid-window, to drop them; rate and CPU are sampled all along. What
// a packet cost before, less what it costs after, is what the stack took.
#pragma once

#include "harness/core/field.hpp"
#include "harness/core/method.hpp"

namespace pktbench::method {

MethodType flip_method();

// What a trial records of its flip, and a case of its trials': medians, and the mean of the series.
const Fields<FlipRecord>& flip_fields();

}  // namespace pktbench::method
