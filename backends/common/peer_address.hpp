// Where a datagram came from: an address of either IP version, with room for no other.
//
// Threads: a value.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

namespace pktbench::backends {

union PeerAddress {
  sockaddr_in6 v6;
  sockaddr_in v4;

  bool is_v6() const { return v4.sin_family == AF_INET6; }
  socklen_t length() const { return is_v6() ? sizeof v6 : sizeof v4; }
};

}  // namespace pktbench::backends
