// Who holds an XDP program on a device, and how it is taken off.
//
// Threads: none. Errors: none; a link that may not be looked at is not found.
#pragma once

#include <string>

#include "harness/sys/rtnl_dump.hpp"

namespace pktbench::sys {

// Fills in `links` and `holder` of what is attached to the device. A link is told by its program
// and the device's index, so that the links of two namespaces can be alike: then both are there.
void find_xdp_links(Device& device);

// ", by BPF link 3 of process 123 (loader)"; empty: no link holds it.
std::string held_by(const XdpAttachment& xdp);

// The command, for root in the device's namespace. What a BPF link holds cannot be taken off by
// iproute2; what is attached by netlink goes in its own mode only: without one, `xdp off` reaches
// for the driver's mode, and says nothing where a generic program stays.
std::string off_command(const std::string& device, const XdpAttachment& xdp);

}  // namespace pktbench::sys
