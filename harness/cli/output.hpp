// The only way to stdout, which is for results.
#pragma once

#include <string>

namespace pktbench::cli {

// Writes a command's whole result. Gives `status`, or kInternal with a sentence on stderr where not
// all of it was written. A reader that has gone away (`| head -1`) is no fault.
int print_result(const std::string& text, int status);

}  // namespace pktbench::cli
