// What tells one run from another: its id, its host, its time and its directory.
//
// Threads: all of these may be called from any. Errors: none.
#pragma once

#include <chrono>
#include <string>

namespace pktbench {

// Random, in the form of a UUID (version 4).
std::string random_run_id();

// gethostname(); "unknown" where there is none.
std::string host_name();

// RFC 3339 in UTC with milliseconds: "2026-01-02T03:04:05.678Z".
std::string rfc3339_utc(std::chrono::system_clock::time_point at);
std::string rfc3339_utc_now();

// "<results_root>/20260102T030405Z-<host>-<scenario>"; what a file name should not hold becomes
// '-'.
std::string run_dir_name(const std::string& results_root, const std::string& host,
                         const std::string& scenario, std::chrono::system_clock::time_point at);
std::string default_run_dir(const std::string& results_root, const std::string& scenario);

}  // namespace pktbench
