// The kernel's counters of its network stack, which each network namespace has for itself.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace pktbench::backends {

using SnmpCounters = std::map<std::string, std::uint64_t>;  // "Udp.NoPorts"

// Reads the text of /proc/net/snmp, or of /proc/net/netstat. What has no unsigned value is left
// out.
SnmpCounters parse_snmp(const std::string& text);

// The same of /proc/net/snmp6, under the names that IPv4 has: "Udp6NoPorts" is "Udp.NoPorts".
SnmpCounters parse_snmp6(const std::string& text);

}  // namespace pktbench::backends
