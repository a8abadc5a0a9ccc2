// What a Watch has counted, for people.
//
// Threads: none. Errors: none. Rates are those between two readings.
#pragma once

#include <cstddef>
#include <string>

#include "harness/live/watch.hpp"
#include "harness/text/fit.hpp"

namespace pktbench {

// "12.0 s  17857142 packets  1071428520 bytes  1488095 packets/s  714.3 Mbit/s\n"
std::string watch_line(const WatchCounts& before, const WatchCounts& now);

// A row for all, each queue, each CPU and the `most` busiest source addresses.
std::string watch_table(const WatchCounts& before, const WatchCounts& now, std::size_t most,
                        const Terminal& terminal);

}  // namespace pktbench
