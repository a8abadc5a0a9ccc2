// The backend `dpdk`: a DPDK poll-mode driver over a kernel network device.
//
// EAL can be initialised only once in a process, so that each start() runs a helper program,
// pktbench-dpdk, in the port's namespace. Its lcores poll on the port's CPUs, one a queue where
// there are as many CPUs; its main lcore sleeps on the first of them.
//
// Drivers: net_af_xdp, which needs native XDP, and net_af_packet. The first takes
// every frame that comes; the second, which shares the device with the kernel's stack, this
// trial's. DPDK's drivers without a device (net_null, net_ring) are unsupported: what they receive
// nobody has sent.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::backends {

// Options: `driver`, `burst`, `descriptors`, `huge_pages`, `busy_budget`, `idle`.
BackendType dpdk_backend();

}  // namespace pktbench::backends
