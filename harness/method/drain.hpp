// Waiting for the frames that are on their way.
//
// Threads: one controlling thread.
#pragma once

#include <functional>

#include "harness/core/clock.hpp"
#include "harness/core/result.hpp"
#include "harness/method/snapshot.hpp"

namespace pktbench::method {

using TakeSnapshot = std::function<Result<Snapshot>()>;

// REQUIRES: the gate is shut. Returns when every frame since `first` is accounted for, when
// (nearly) nothing moves any more, or when more has come than was sent, which no waiting mends.
Result<Snapshot> drain(const Snapshot& first, const TakeSnapshot& snapshot, Clock& clock,
                       const StopFlag& stop);

}  // namespace pktbench::method
