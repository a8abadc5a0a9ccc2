// Testbed `memory`: two CPUs and no device. Frames go from a generator to a receiver through memory
// that one process holds, so that what is measured is the receiving loop and its driver alone.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::testbed {

// Options: `generator_cpu`, `dut_cpu`.
TestbedType memory_testbed();

}  // namespace pktbench::testbed
