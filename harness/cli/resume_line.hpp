// The command that goes on with a run.
#pragma once

#include <string>

#include "harness/cli/commands.hpp"

namespace pktbench::cli {

// To be typed in the directory in which pktbench was called. The run's directory holds the
// scenario; what was said of the ports is said again.
std::string resume_line(const RunArguments& arguments, const std::string& dir);

}  // namespace pktbench::cli
