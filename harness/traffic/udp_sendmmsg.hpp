// The generator `udp-sendmmsg`: datagrams through the stack, from one connected socket per flow.
//
// On the wire the frames are those of the other generators but for the IP id, which the kernel
// counts up. Every system call sends from one socket, so that unpaced flows alternate by batch, not
// by frame. Each flow needs a file descriptor: the process's limit is raised (and left so) where it
// is allowed to be. A frame that the device refuses (ENOBUFS) is offered again and is not counted
// as sent. The port's namespace holds the source addresses ipv4, ipv4 + 1, ... (one per 16,384
// flows).
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::traffic {

GeneratorType udp_sendmmsg_generator();

}  // namespace pktbench::traffic
