// What the kernel says of a socket.
#pragma once

#include <sys/socket.h>

#include <cerrno>

#include "harness/core/result.hpp"

namespace pktbench::backends {

// `what` is what an error calls it: "SO_RCVBUF".
template <class T>
Result<T> socket_option(int socket, int level, int name, const char* what) {
  T value{};
  socklen_t length = sizeof value;
  if (getsockopt(socket, level, name, &value, &length) != 0) return system_error(what, errno);
  return value;
}

}  // namespace pktbench::backends
