// The only way to stdout, which is for results.
#pragma once

#include <string>

#include "harness/text/fit.hpp"

namespace pktbench::cli {

// Writes a command's whole result. Gives `status`, or kInternal with a sentence on stderr where not
// all of it was written. A reader that has gone away (`| head -1`) is no fault.
int print_result(const std::string& text, int status);

// What stdout shows: the columns that COLUMNS or the terminal has, none where it is neither; and
// whether colours are wanted.
Terminal stdout_terminal();

}  // namespace pktbench::cli
