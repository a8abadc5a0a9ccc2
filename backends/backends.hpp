// Every backend of this build, sorted by name. One is a folder beside this file and nothing else,
// whose CMakeLists.txt calls pktbench_backend() (scripts/cmake/PktbenchTypes.cmake).
#pragma once

#include <vector>

#include "harness/core/registry.hpp"

namespace pktbench::backends {

// Made on the first call, by any thread.
const std::vector<BackendType>& backends();

}  // namespace pktbench::backends
