// What leaves the process: results on stdout, messages on stderr, and the exit status.
#pragma once

#include <string>

#include "harness/core/result.hpp"
#include "harness/text/fit.hpp"

namespace pktbench::cli {

// As scripts rely on them.
enum ExitStatus : int {
  kDone = 0,
  kRegression = 1,   // of `compare` only
  kUsage = 2,        // usage, scenario or input error
  kRefused = 3,      // refused for safety, or preflight failed
  kUnsupported = 4,  // every case unsupported or skipped
  kInvalid = 5,      // invalid or inconclusive
  kInternal = 6,
  kInterrupted = 130,
};

// The messages of the program are "pktbench: ..." on stderr. Whatever one quotes (a name, a path,
// what another program said) is shown by clean_text(), so that it cannot move the cursor.
void set_up_log();

// Says the error on stderr, with its detail below, and gives the status that goes with it.
int report_error(const Error& error);

// Writes a command's whole result. Gives `status`, or kInternal with a
// sentence on stderr where not all of it was written. A reader that has gone away (`| head -1`) is
// no fault.
int print_result(const std::string& text, int status);

// Writes a part of what a command goes on to write. False: the reader has gone away. Errors: not
// all of it was written.
Result<bool> print_part(const std::string& text);

// What stdout shows: the columns that COLUMNS or the terminal has, none where it is neither; and
// whether colours are wanted.
Terminal stdout_terminal();

}  // namespace pktbench::cli
