// Driving a device's NAPI from the thread that receives (the veth testbed's `pump` arrangement).
#pragma once

#include <sys/socket.h>

namespace pktbench::sys {

// Runs the device's NAPI once, with its budget, on the calling thread: `fd` is a socket that
// prefers busy polling and is bound to the device's NAPI by a packet it has received. A polling
// backend calls this only when a poll returned nothing. No-op where fd < 0 (no pump in this
// arrangement). Cost: one system call.
inline void pump(int fd) {
  char byte;
  if (fd >= 0) (void)recv(fd, &byte, sizeof byte, MSG_DONTWAIT);
}

}  // namespace pktbench::sys
