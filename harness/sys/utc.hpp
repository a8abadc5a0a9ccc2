// The time of day, for what people and records read. Durations come from monotonic_ns().
//
// Threads: any. Errors: none.
#pragma once

#include <chrono>
#include <string>

namespace pktbench::sys {

// RFC 3339 in UTC with milliseconds: "2026-01-02T03:04:05.678Z".
std::string rfc3339_utc(std::chrono::system_clock::time_point at);

// The same as part of a file's name, to the second: "20260102T030405Z".
std::string file_name_utc(std::chrono::system_clock::time_point at);

// The wall clock at this process's first call, counted on by CLOCK_BOOTTIME, which nobody sets: a
// record never ends before it began, whatever is done to the wall clock meanwhile.
std::chrono::system_clock::time_point utc_now();

}  // namespace pktbench::sys
