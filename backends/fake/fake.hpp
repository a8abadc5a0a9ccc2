// Backend `fake`: receives from the simulated testbed's device, faithfully or with a fault that the
// accounting must catch.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::backends {

BackendType fake_backend();

}  // namespace pktbench::backends
