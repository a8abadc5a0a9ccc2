// The backend `af_xdp`: an XDP program hands every frame to the AF_XDP socket of its RX queue, and
// one thread per queue, pinned to the port's CPUs in turn, takes them out of shared memory.
//
// Drops, each frame at one place: af_xdp_rx_ring_full, af_xdp_fill_ring_empty,
// af_xdp_frame_too_long (the sockets' own counts), af_xdp_no_socket (a queue beyond the port's) and
// af_xdp_redirect_failed (redirected, and neither delivered nor counted by a socket). With the
// program in the driver, all but af_xdp_no_socket are failed redirects, which a driver may count as
// drops of its own too: veth does (rx_queue_N_drops), and the generic hook counts them nowhere.
//
// `reflect` sends frames back through the socket they came from; `filter` decides and counts, and
// what passes it ends here, as the stack cannot be reached. What is made is a FilterControl, too
// (backends/common/workload_state.hpp). Details of a workload are sums over the queues: an address
// that arrives on two of them is two of count-per-ip's `addresses`.
//
// Requested and effective mode are "af_xdp/<copy mode>/<hook>". Needs CAP_NET_RAW, CAP_NET_ADMIN
// and CAP_BPF.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::backends {

BackendType af_xdp_backend();

}  // namespace pktbench::backends
