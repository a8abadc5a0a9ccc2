#include "backends/uring/uring.hpp"

#include <utility>

#include "backends/socket/payload_workload.hpp"
#include "backends/socket/udp_socket.hpp"
#include "backends/uring/parts.hpp"

namespace pktbench::backends {

BackendType udp_uring_backend() {
  auto cannot = udp::socket_cannot();
  for (const char* workload : {"count-per-ip", "reflect"})
    cannot[workload] =
        "its multishot request (IORING_OP_RECV) gives datagrams without their senders";
  return {.name = "udp-uring",
          .summary = "a UDP socket, multishot receive through io_uring",
          .workloads = udp::payload_workloads<false>(),
          .options = {number_option("ring_size", 256, 8, 32768,
                                    "completions that the ring holds; a power of two"),
                      number_option("buffers", 1024, 8, 32768,
                                    "buffers of 2,048 bytes for datagrams; a power of two"),
                      udp::rcvbuf_option()},
          .probe = uring::probe,
          .make = uring::make_backend,
          .cannot = std::move(cannot)};
}

}  // namespace pktbench::backends
