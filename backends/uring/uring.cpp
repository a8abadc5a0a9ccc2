#include "backends/uring/uring.hpp"

#include <utility>

#include "backends/socket/payload_workload.hpp"
#include "backends/socket/udp_socket.hpp"
#include "backends/uring/parts.hpp"

namespace pktbench::backends {

namespace {

// Both are taken as they are, not rounded.
OptionSpec power_of_two(const char* name, std::int64_t value, double max, const char* help) {
  return {.name = name, .default_value = value, .choices = {}, .min = 8, .max = max, .help = help};
}

}  // namespace

BackendType udp_uring_backend() {
  auto cannot = udp::socket_cannot();
  for (const char* workload : {"count-per-ip", "reflect"})
    cannot[workload] =
        "its multishot request (IORING_OP_RECV) gives datagrams without their senders";
  return {.name = "udp-uring",
          .summary = "a UDP socket, multishot receive through io_uring",
          .workloads = udp::payload_workloads(false),
          .options = {power_of_two("ring_size", 256, 32768,
                                   "completions that the ring holds; a power of two"),
                      power_of_two("buffers", 1024, 32768,
                                   "buffers of 2,048 bytes for datagrams; a power of two"),
                      udp::rcvbuf_option()},
          .probe = uring::probe,
          .make = uring::make_backend,
          .cannot = std::move(cannot)};
}

}  // namespace pktbench::backends
