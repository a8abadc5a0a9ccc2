// IPv6 addresses, routes and neighbours of network devices, in the calling thread's network
// namespace. What is there already is no error.
//
// Threads: each call opens its own socket; none is shared.
#pragma once

#include "harness/core/ipv6.hpp"
#include "harness/core/port.hpp"
#include "harness/core/result.hpp"

namespace pktbench::sys {

// Of this one address, without duplicate address detection.
Result<void> add_address(unsigned ifindex, const Ipv6Address& address);
Result<void> add_route(unsigned ifindex, const Ipv6Address& to);
Result<void> add_neighbour(unsigned ifindex, const Ipv6Address& address, const MacAddress& mac);

}  // namespace pktbench::sys
