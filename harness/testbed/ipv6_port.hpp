// IPv6 on one port for the frames of a case, without a frame of the kernel's own: no address on the
// port, and so no router solicitation, no duplicate address detection and no multicast report. The
// addresses are on the namespace's loopback, where the kernel takes them from any port.
//
// Threads: one controlling thread, in the port's namespace.
#pragma once

#include "harness/core/port.hpp"
#include "harness/core/result.hpp"

namespace pktbench::testbed {

// So many addresses of the port's from `port.ipv4` on, and of the other's. May be called again.
Result<void> give_ipv6(const Port& port, unsigned addresses, const Port& other,
                       unsigned other_addresses);

// The port takes and sends none. A kernel without IPv6 needs nothing.
Result<void> take_ipv6_away(const Port& port);

}  // namespace pktbench::testbed
