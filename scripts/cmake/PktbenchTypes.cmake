# Tables of what the build has found, as generated sources that name each entry: an object that adds itself
# to a table at start-up would be left out of a static library.

# pktbench_backend_table(LIBRARY) makes a library with the table backends() of all backends so far, sorted by
# name. backends/backend_types.hpp declares it, and the functions that rooms name as TYPES.
function(pktbench_backend_table library)
  get_property(libraries GLOBAL PROPERTY PKTBENCH_BACKENDS)
  get_property(types GLOBAL PROPERTY PKTBENCH_BACKEND_TYPES)
  pktbench_type_table(${CMAKE_CURRENT_BINARY_DIR}/backend_types backends backends BackendType ${types})
  add_library(${library} STATIC ${CMAKE_CURRENT_BINARY_DIR}/backend_types.cpp)
  target_link_libraries(${library} PUBLIC pktbench_core ${libraries})
endfunction()

# pktbench_type_table(FILE ROOM WHAT TYPE function ...) writes FILE.cpp, with the table pktbench::ROOM::WHAT()
# of what the functions return, made on the first call by any thread; and FILE.hpp, which declares all of them.
function(pktbench_type_table file room what type)
  list(JOIN ARGN "();\n${type} " declared)
  list(JOIN ARGN "(), " called)
  file(CONFIGURE OUTPUT ${file}.hpp CONTENT [[
// Written by scripts/cmake/PktbenchTypes.cmake.
#pragma once

#include <vector>

#include "harness/core/registry.hpp"

namespace pktbench::@room@ {

const std::vector<@type@>& @what@();

@type@ @declared@();

}  // namespace pktbench::@room@
]] @ONLY)
  file(CONFIGURE OUTPUT ${file}.cpp CONTENT [[
// Written by scripts/cmake/PktbenchTypes.cmake.
#include "@file@.hpp"

#include <algorithm>

namespace pktbench::@room@ {

const std::vector<@type@>& @what@() {
  static const auto all = [] {
    std::vector<@type@> types{@called@()};
    std::sort(types.begin(), types.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return types;
  }();
  return all;
}

}  // namespace pktbench::@room@
]] @ONLY)
endfunction()
