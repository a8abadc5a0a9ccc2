// What XDP can do on a device, asked of the kernel by the genetlink family "netdev" (Linux 6.3), in
// the calling thread's network namespace.
//
// Threads: each call opens its own socket. Errors: `unsupported` on a kernel that cannot be asked.
#pragma once

#include <string>

#include "harness/core/result.hpp"

namespace pktbench::sys {

struct XdpFeatures {
  bool native = false;       // XDP in the driver
  bool redirect = false;     // XDP_REDIRECT out of it
  bool redirect_to = false;  // takes redirected frames, now (ndo_xdp_xmit)
  bool zero_copy = false;    // AF_XDP without copying
  bool offload = false;      // XDP on the NIC itself
};

Result<XdpFeatures> xdp_features(unsigned ifindex);

}  // namespace pktbench::sys
