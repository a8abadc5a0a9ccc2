// Frames that a device received by RX queue, as its driver counts them.
//
// Threads: none. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pktbench::measure {

// One for each of `queues`, of the driver's statistics (`ethtool -S`); empty where the driver has
// no such counters, or none for one of the queues.
std::vector<std::uint64_t> received_by_queue(const std::map<std::string, std::uint64_t>& statistics,
                                             unsigned queues);

}  // namespace pktbench::measure
