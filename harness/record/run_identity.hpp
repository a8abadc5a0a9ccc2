// What tells one run from another: its id, its host, its time and its directory.
//
// Threads: all of these may be called from any. Errors: none.
#pragma once

#include <chrono>
#include <string>

namespace pktbench {

// Random, in the form of a UUID (version 4).
std::string random_run_id();

// gethostname(), as clean_line() makes it; "unknown" where there is none.
std::string host_name();

// "<results_root>/20260102T030405Z-<host>-<scenario>"; what a file name should not hold becomes
// '-'.
std::string run_dir_name(const std::string& results_root, const std::string& host,
                         const std::string& scenario, std::chrono::system_clock::time_point at);
std::string default_run_dir(const std::string& results_root, const std::string& scenario);

}  // namespace pktbench
