// Every backend, generator and testbed of this build, in the order `pktbench list` shows them. A
// new one is added here and nowhere else.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::cli {

const Registry& registry();

}  // namespace pktbench::cli
