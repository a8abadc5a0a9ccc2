// sysfs of another network namespace.
#pragma once

#include <functional>
#include <string>

#include "harness/core/result.hpp"

namespace pktbench::sys {

// Runs `work` on a thread whose /sys shows the network devices of `netns` (a path): sysfs shows
// those of the namespace it was mounted in. The host's mounts stay as they are.
Result<void> with_sysfs_of(const std::string& netns, const std::function<Result<void>()>& work);

}  // namespace pktbench::sys
