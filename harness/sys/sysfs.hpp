// sysfs of another network namespace.
#pragma once

#include <functional>
#include <string>

#include "harness/core/result.hpp"

namespace pktbench::sys {

// Runs `work` in the network namespace `netns` (a path; empty: the caller's own) with the root of a
// sysfs that shows its devices: sysfs shows those of the namespace it was mounted in. Nobody else
// sees that mount, wherever /sys is and whatever it shows.
Result<void> with_sysfs_of(const std::string& netns,
                           const std::function<Result<void>(const std::string& sysfs)>& work);

}  // namespace pktbench::sys
