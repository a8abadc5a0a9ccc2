// The test frame over IPv6 (bpf/frame6.h), and the addresses that belong to it.
//
// Threads: pure functions.
#pragma once

#include "bpf/frame6.h"
#include "harness/traffic/frame.hpp"

namespace pktbench::traffic {

// REQUIRES: a frame size of kMinIpv6FrameSize at least.
Frame build_frame6(const TrafficConfig& config);

}  // namespace pktbench::traffic
