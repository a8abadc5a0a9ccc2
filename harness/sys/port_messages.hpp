// Addresses and routes of a network device as the kernel's own messages, so that they can be put
// back after the device was in another namespace or without its driver, when the kernel drops them.
//
// Not kept: what the kernel makes itself with an address, and what router advertisements bring.
//
// Threads: each call opens its own socket, in the calling thread's network namespace.
#pragma once

#include <string>
#include <vector>

#include "harness/core/result.hpp"

namespace pktbench::sys {

// RTM_NEWADDR and RTM_NEWROUTE messages, each in hexadecimal; addresses first.
Result<std::vector<std::string>> port_messages(unsigned ifindex);

// Gives the device what `messages` say and takes away the IPv4 addresses that they do not name. The
// messages may be of the time when it had another index. REQUIRES: the device is up, where there
// are routes.
Result<void> replay_port_messages(unsigned ifindex, const std::vector<std::string>& messages);

// One sentence for each of `messages` that the device has not. Lifetimes do not count.
Result<std::vector<std::string>> missing_port_messages(unsigned ifindex,
                                                       const std::vector<std::string>& messages);

}  // namespace pktbench::sys
