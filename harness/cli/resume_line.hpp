// The command that goes on with a run.
#pragma once

#include <string>

#include "harness/cli/commands.hpp"

namespace pktbench::cli {

// To be typed in the directory in which pktbench was called.
std::string resume_line(const RunArguments& arguments, const std::string& dir);

}  // namespace pktbench::cli
