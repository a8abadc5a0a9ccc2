// Every generator of this build, sorted by name. One is a file in generators/ and nothing else:
// NAME.cpp, with a function NAME_generator() in namespace pktbench::traffic that returns its
// GeneratorType.
#pragma once

#include <string>
#include <string_view>

#include "harness/traffic/generator_types.hpp"

namespace pktbench::traffic {

// REQUIRES: there is one of this name.
inline const GeneratorType& generator(std::string_view name) {
  return *find_by_name(generators(), std::string(name));
}

}  // namespace pktbench::traffic
