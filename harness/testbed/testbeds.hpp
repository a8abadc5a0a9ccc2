// The testbeds, each described at the head of its file.
#pragma once

#include "harness/core/registry.hpp"
#include "harness/core/return_sink.hpp"

namespace pktbench::testbed {

// `make_sink`: what takes the frames that a workload sends back, at the generator's device.
TestbedType veth_testbed(MakeReturnSink make_sink);
TestbedType nic_testbed(MakeReturnSink make_sink);

// Options of nic_testbed() that are no scenario's to set, each with words between blanks: PCI
// addresses of the ports that may be used (none: any), and interfaces to use although they are
// refused.
inline constexpr const char* kAllowedPci = "allowed_pci";
inline constexpr const char* kKnownPorts = "i_know_this_is";

TestbedType memory_testbed();
TestbedType simulated_testbed();

}  // namespace pktbench::testbed
