// Backends xdp-native and xdp-generic: an XDP program that counts and drops, in the driver or in
// the generic hook after the skb has been made. There is no user-space loop; the DUT's work is
// NAPI's.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::backends {

// Option `fallback` (bool): where the driver has no native XDP, attach in the generic hook instead;
// the effective mode then says "xdp-generic".
BackendType xdp_native_backend();

BackendType xdp_generic_backend();

}  // namespace pktbench::backends
