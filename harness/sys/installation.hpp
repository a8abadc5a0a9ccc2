// Where the other files of the running program are. They are found from the program itself,
// wherever it has been moved to: as installed, or in a build folder. The working directory counts
// for nothing, and no path of a build is compiled in, so that nobody else's file is taken for ours.
//
// Threads: any.
#pragma once

#include <string>

#include "harness/core/result.hpp"

namespace pktbench::sys {

// What pktbench reads or runs by an interpreter: "scenarios", "plots", "scripts/lab". Of an
// installation, or of the checkout that the build folder is of (its link "checkout").
// Errors: `refused`, with both places and the remedy.
Result<std::string> find_data(const std::string& name);

// A program that pktbench starts: beside it, or in libexec. Whoever starts it as root has it looked
// at first (own_path.hpp). Errors: `unsupported`, with both places and the remedy.
Result<std::string> find_helper(const std::string& name);

}  // namespace pktbench::sys
