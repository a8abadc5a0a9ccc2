// A file that is there as a whole or as it was: what is not finished is never seen.
//
// Threads: any, on files of their own. Errors: `failed`, with the path.
#pragma once

#include <string>

#include "harness/core/result.hpp"

namespace pktbench::sys {

// Puts `text` in DIR/NAME, on the disk when it returns; makes DIR where only it is missing. Both
// are given to the user who called sudo, and root follows no link in the place of the file.
Result<void> keep_file(const std::string& dir, const std::string& name, const std::string& text);

}  // namespace pktbench::sys
