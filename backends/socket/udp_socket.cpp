#include "backends/socket/udp_socket.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "bpf/frame.h"

namespace pktbench::udp {

Result<sys::Fd> open_socket(const Options& options) {
  const auto rcvbuf = option<int>(options, "rcvbuf_bytes");
  sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return system_error("open a UDP socket", errno);
  // Without CAP_NET_ADMIN the system's maximum holds; what came of it is read back.
  if (rcvbuf > 0 &&
      setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof rcvbuf) != 0 &&
      setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf) != 0)
    return system_error("set the receive buffer", errno);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  address.sin_port = htons(PB_UDP_PORT);
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return system_error(fmt::format("bind UDP port {}", PB_UDP_PORT), errno);
  return socket;
}

OptionSpec rcvbuf_option() {
  return number_option(
      "rcvbuf_bytes", 0, 0, 1 << 30,
      "socket buffer in bytes, as asked for (the kernel doubles it); 0: the system's");
}

Unavailable probe_socket() {
  const sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (socket) return {};
  return system_error("cannot open a UDP socket", errno).message;
}

}  // namespace pktbench::udp
