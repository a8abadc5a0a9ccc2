// Testbed `veth`: two namespaces and a veth pair on this machine.
//
//   pktbench<N>-gen: pbgen<N>, 198.18.0.1 to .4      pktbench<N>-dut: pbdut<N>, 198.18.1.1
//
// <N> is the first number free on this host. IPv6 is off and neighbours are static, so that no
// frame but the generator's is ever counted. GRO is on at the DUT, which gives the device NAPI and
// lets it take redirected frames without an XDP program; TSO and checksum offload are off at the
// generator, so that a stack sender's frames go through NAPI too and carry whole checksums.
//
// Arrangements, which are never compared with each other:
//   isolated  the DUT's NAPI is threaded and pinned to the DUT's CPU, as is the application
//   pump      the DUT's NAPI is run by the receiving thread itself, when it has nothing else to do;
//             for a backend without one, by a thread that does only that
//   inline    NAPI runs as softirq where it is raised: in the generator's CPU
#pragma once

#include "harness/core/registry.hpp"
#include "harness/core/return_sink.hpp"

namespace pktbench::testbed {

// `make_sink`: what takes the frames that a workload sends back, at the generator's device.
TestbedType veth_testbed(MakeReturnSink make_sink);

}  // namespace pktbench::testbed
