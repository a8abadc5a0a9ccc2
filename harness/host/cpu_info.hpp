// The CPUs of this host, as /proc/cpuinfo and sysfs tell.
//
// Errors: none; gaps are null with the reason in `missing`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/host/environment.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

Json cpu_info(const EnvironmentSources& sources, Json& missing);

}  // namespace pktbench
