// Every backend, generator and testbed of this build, in the order `pktbench list` shows them. The
// build finds backends and generators; a new testbed is added here.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::cli {

const Registry& registry();

}  // namespace pktbench::cli
