// Runs another program and returns what it said.
#pragma once

#include <string>
#include <vector>

#include "harness/core/result.hpp"

namespace pktbench::kernel {

struct CommandOutput {
  int status = 0;  // exit status, or 128 + signal
  std::string out = {};
  std::string err = {};
};

// The path of an executable in $PATH or where administration's commands are; the first one that
// nobody but root and the caller can have put there. Errors: `unsupported`: there is none; it is in
// Debian's package `package`.
Result<std::string> find_command(const std::string& name, const std::string& package);

// Waits for it, without a shell. It inherits the calling thread's network namespace, and of
// the environment what sys::plain_environment() has. Errors: it could not be run; a status other
// than 0 is none.
Result<CommandOutput> run_command(const std::vector<std::string>& arguments);

}  // namespace pktbench::kernel
