// The backends `udp-recvfrom` and `udp-recvmmsg`: one UDP socket, read by one thread that is
// pinned to the port's first CPU, whatever the number of queues. It blocks, or, where the port has
// a pump, drives it whenever nothing has come.
//
// `reflect` sends each datagram to its sender again, from the port it came to: by one sendto()
// each, or by one sendmmsg() for what one recvmmsg() gave. It waits while the socket's buffer is
// full. Details: `reflected`, and of those `not_sent`, which the kernel refused. What the device
// drops it counts itself.
//
// Bytes are those of the frame without FCS: the datagram's payload and 42 bytes of headers. The
// shortest frame carries 18 bytes of payload, of which the tag takes 16.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::backends {

BackendType udp_recvfrom_backend();
BackendType udp_recvmmsg_backend();

}  // namespace pktbench::backends
