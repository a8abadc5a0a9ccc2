// Testbed `nic`: two ports of this host, joined by a wire. Each is moved into a namespace of its
// own, so that nothing but the generator's frames passes and no route or address of the host's is
// in the way; or both stay where they are, and then only the DUT has an address.
//
// All that a port is, is written into the undo journal before anything is changed; down() gives it
// back, and `pktbench restore` does after a crash. A backend of DPDK's that takes the port's PCI
// function has it from lend() to lend(): the kernel's driver has it otherwise.
//
// Arrangements, which are never compared with each other:
//   softirq   the DUT's interrupts go to its CPU, and NAPI runs there as softirq
//   threaded  NAPI runs in a thread, pinned to that CPU
//
// What device interrupts cost on the DUT's CPU is charged to it. Frames that neither the backend
// nor a counter of the NIC's names are unaccounted, and may be up to `unnamed_loss`: not every NIC
// counts all that it drops. The first frames of a trial, which overload nothing, must all be named.
#pragma once

#include "harness/core/registry.hpp"
#include "harness/core/return_sink.hpp"

namespace pktbench::testbed {

// Options of up() that are no scenario's to set, each with words between blanks: PCI addresses of
// the ports that may be used (none: any), and interfaces to use although they are refused.
inline constexpr const char* kAllowedPci = "allowed_pci";
inline constexpr const char* kKnownPorts = "i_know_this_is";

// `make_sink`: what takes the frames that a workload sends back, at the generator's port.
TestbedType nic_testbed(MakeReturnSink make_sink);

}  // namespace pktbench::testbed
