// Testbed `simulated`: no packets and no waiting, but a device whose capacity, noise and cost are
// given, so that methods and statistics can be tested against a truth they can be wrong about. Its
// clock moves only when somebody sleeps.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::testbed {

TestbedType simulated_testbed();

}  // namespace pktbench::testbed
