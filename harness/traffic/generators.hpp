// Every generator of this build, sorted by name. One is a file in generators/ and nothing else:
// NAME.cpp, with a function NAME_generator() in namespace pktbench::traffic that returns its
// GeneratorType.
#pragma once

#include <string>
#include <vector>

#include "harness/core/registry.hpp"

namespace pktbench::traffic {

// Made on the first call, by any thread.
const std::vector<GeneratorType>& generators();

// REQUIRES: there is one of this name.
inline const GeneratorType& generator(const std::string& name) {
  return *find_by_name(generators(), name);
}

}  // namespace pktbench::traffic
