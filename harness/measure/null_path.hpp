// What stamping a frame and recording its delay take by themselves: back to back in one loop,
// without a wire between. It is in every delay that is recorded.
//
// Threads: any; the caller's is busy for a few milliseconds. Errors: none.
#pragma once

#include "harness/core/latency.hpp"

namespace pktbench::measure {

NullPath null_path();

}  // namespace pktbench::measure
