// The generator `packet-sendmmsg`: whole frames through an AF_PACKET socket.
//
// A frame that the device refuses (ENOBUFS: the queue behind it is full) is offered again and is
// not counted as sent. Needs CAP_NET_RAW.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::traffic {

GeneratorType packet_sendmmsg_generator();

}  // namespace pktbench::traffic
