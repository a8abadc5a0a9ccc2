// The backend `dpdk`: a DPDK poll-mode driver, in a process of its own.
//
// EAL can be initialised only once in a process, so that each start() runs a helper program,
// pktbench-dpdk, in the port's namespace. Its lcores poll on the port's CPUs, one a queue where
// there are as many CPUs; its main lcore sleeps on the first of them.
//
// Over a kernel device: net_af_xdp, which needs native XDP and takes every frame that comes, and
// net_af_packet, which shares the device with the kernel's stack and takes this trial's.
//
// Without a device, on the testbed `memory`: net_virtio_user against a vhost port and net_ring,
// filled by another thread of the helper on the generator's CPU, and net_null, which makes a frame
// whenever it is asked: there, offered is what the driver counts to have made while the gate was
// open.
//
// A PCI address: a device that DPDK drives itself, where it is the testbed's port.
//
// Frames to be reflected that the driver did not take are freed, and counted in the detail
// `not_sent`.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::backends {

// Options: `driver`, `burst`, `descriptors`, `huge_pages`, `busy_budget`, `idle`.
BackendType dpdk_backend();

}  // namespace pktbench::backends
