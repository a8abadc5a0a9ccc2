// A port between the kernel's driver and one for user space, by which DPDK takes it.
//
// Threads: one controlling thread. Errors: `unsupported` with the reason where this device or host
// cannot do it; the port is then as it was.
#pragma once

#include <string>

#include "harness/core/result.hpp"
#include "harness/undo/journal.hpp"
#include "harness/undo/port_state.hpp"

namespace pktbench::testbed {

// True where DPDK's driver works beside the kernel's, which keeps the port.
bool is_bifurcated(const std::string& kernel_driver);

// Gives the port to `dpdk_driver` ("vfio-pci", "vfio-pci-noiommu", "uio_pci_generic"). REQUIRES:
// `state` is in the journal. What else it changes on the host it adds there first.
Result<void> lend_port(const undo::PortState& state, const std::string& kernel_driver,
                       const std::string& dpdk_driver, undo::Journal& journal);

// Gives it back to the kernel's driver. Returns when its interface is in the calling thread's
// namespace under its own name, down.
Result<void> take_port_back(const undo::PortState& state);

}  // namespace pktbench::testbed
