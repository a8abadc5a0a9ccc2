// Exit statuses, as scripts rely on them.
#pragma once

#include "harness/core/result.hpp"

namespace pktbench::cli {

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

// Says the error on stderr, with its detail below, and gives the status that goes with it.
int report_error(const Error& error);

}  // namespace pktbench::cli
