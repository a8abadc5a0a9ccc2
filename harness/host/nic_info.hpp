// A network device as its driver describes it (SIOCETHTOOL), read in the namespace it lives in.
//
// Units: MTU in bytes, rings in descriptors, coalescing in microseconds and frames, speed in
// Mbit/s. Threads: the calling thread enters the port's namespace and returns. Errors: none; gaps
// are null with the reason in `missing` under `path` ("nics.0").
#pragma once

#include <string>

#include "harness/host/environment.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

Json nic_info(const EnvironmentPort& port, const HostSources& sources, const std::string& path,
              Json& missing);

}  // namespace pktbench
