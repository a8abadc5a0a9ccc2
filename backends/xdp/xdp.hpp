// Backends xdp-native and xdp-generic: an XDP program for each workload, in the driver or in the
// generic hook after the skb has been made. There is no user-space loop; the DUT's work is NAPI's.
//
// What they make is a FilterControl, too (backends/common/workload_state.hpp). `reflect` in the
// driver sends (XDP_TX): a veth's peer takes that in only where it has an XDP program of its own;
// without one the frames are counted as reflected and arrive nowhere.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::backends {

// Option `fallback` (bool): where the driver has no native XDP, attach in the generic hook instead;
// the effective mode then says "xdp-generic".
BackendType xdp_native_backend();

BackendType xdp_generic_backend();

}  // namespace pktbench::backends
