#include "backends/socket/udp_socket.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>

#include "backends/common/peer_address.hpp"
#include "bpf/frame.h"

namespace pktbench::udp {

Result<sys::Fd> open_socket(const Options& options, std::uint32_t ip) {
  const auto rcvbuf = option<int>(options, "rcvbuf_bytes");
  sys::Fd socket(::socket(ip == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return system_error("open a UDP socket", errno);
  // Without CAP_NET_ADMIN the system's maximum holds; what came of it is read back.
  if (rcvbuf > 0 &&
      setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof rcvbuf) != 0 &&
      setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf) != 0)
    return system_error("set the receive buffer", errno);
  // Any address is all zeros, and both versions have the port at the same place.
  backends::PeerAddress address{};
  address.v4.sin_family = ip == 6 ? AF_INET6 : AF_INET;
  address.v4.sin_port = htons(PB_UDP_PORT);
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), address.length()) != 0)
    return system_error(fmt::format("bind UDP port {}", PB_UDP_PORT), errno);
  return socket;
}

std::size_t datagram_bytes(const TrafficSpec& traffic) {
  return traffic.frame_size <= kMaxStandardFrameSize ? 2048 : 9216;
}
static_assert(kMaxFrameSize <= 9216);

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
