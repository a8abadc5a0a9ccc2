// Generator `memory`: frames that go to the receiver without a device (testbed `memory`).
//
// The sender is a thread of the process that holds both ends, on the generator's CPU; this source
// gives it the frame and its orders, and reads its counts (harness/sys/memory_wire.hpp).
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::traffic {

// Options: `batch`.
GeneratorType memory_generator();

}  // namespace pktbench::traffic
