// Runs of this program by itself: each in a process of its own, so that nothing of one run's layout
// is the next one's.
//
// Threads: one. Errors: said on stderr.
#pragma once

#include <string>
#include <vector>

#include "harness/cli/commands.hpp"
#include "harness/core/clock.hpp"

namespace pktbench::cli {

// `pktbench run FILE --out DIR`, with what the arguments say of the scenario and the ports, and
// only these cases where there are any. Its exit status; what it prints on stdout is left out.
int run_program(const GateArguments& arguments, const std::string& file, const std::string& dir,
                const std::vector<std::string>& cases, const StopFlag& stop);

// By /bin/sh, as the user who runs this, with what it prints on stderr. kRefused, and said, where
// it fails.
int run_command_line(const std::string& command, const StopFlag& stop);

}  // namespace pktbench::cli
