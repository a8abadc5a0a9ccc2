// The backend `udp-uring`: one UDP socket read by one thread through io_uring, by a single receive
// request that completes once a datagram (multishot) into buffers that the ring provides.
//
// The thread waits for one completion at a time and takes all that are there. The kernel's work for
// the request runs on that thread (no SQPOLL, and no iou-wrk, since a socket is polled), so that
// threads() is all of it. Bytes and drops are those of the other socket backends.
//
// Where it was not built (PKTBENCH_URING) it is listed all the same, unavailable with the reason.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "backends/socket/payload_workload.hpp"
#include "backends/socket/udp_socket.hpp"

namespace pktbench::backends {

inline constexpr const char* kNoStamps =
    "its multishot request (IORING_OP_RECV) gives datagrams without the kernel's stamps";

// What a build with liburing and one without it have in common.
inline BackendType uring_type(std::function<Unavailable()> probe,
                              std::function<std::unique_ptr<Backend>()> make) {
  auto cannot = udp::socket_cannot();
  for (const char* workload : {"count-per-ip", "reflect"})
    cannot[workload] =
        "its multishot request (IORING_OP_RECV) gives datagrams without their senders";
  return {
      .name = "udp-uring",
      .summary = "a UDP socket, multishot receive through io_uring",
      .workloads = udp::payload_workloads<false>(),
      .options = {number_option("ring_size", 256, 8, 32768,
                                "completions that the ring holds; a power of two"),
                  number_option("buffers", 1024, 8, 32768, "buffers for datagrams; a power of two"),
                  udp::rcvbuf_option()},
      .probe = std::move(probe),
      .make = std::move(make),
      .reads_tag = true,
      .cannot = std::move(cannot),
      .stamps = true,
      .cannot_stamp = {{Stamp::kernel, kNoStamps}, {Stamp::hardware, kNoStamps}}};
}

}  // namespace pktbench::backends
