// Generator `simulated`: offers frames to the simulated testbed's device at a given rate.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::traffic {

GeneratorType simulated_generator();

}  // namespace pktbench::traffic
