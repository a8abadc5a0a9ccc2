// The backend `udp-uring`: one UDP socket read by one thread through io_uring, by a single receive
// request that completes once a datagram (multishot) into buffers that the ring provides.
//
// The thread waits for one completion at a time and takes all that are there. The kernel's work for
// the request runs on that thread (no SQPOLL, and no iou-wrk, since a socket is polled), so that
// threads() is all of it. Bytes and drops are those of the other socket backends.
//
// Where it was not built (PKTBENCH_URING) it is listed all the same, unavailable with the reason.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::backends {

BackendType udp_uring_backend();

}  // namespace pktbench::backends
