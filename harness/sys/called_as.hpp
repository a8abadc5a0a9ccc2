// How the user called this program, for commands that are printed to be typed.
#pragma once

#include <string>

namespace pktbench::sys {

// argv[0] as a word for the shell, with "sudo " before it where that has made the user root.
std::string called_as();

}  // namespace pktbench::sys
