// File systems of one's own that are attached nowhere: they need no mount namespace, whose mounts
// could not be made private in a plain chroot, and nobody else sees them.
#pragma once

#include <functional>
#include <string>

#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::sys {

// Its root, whose path() is as this process knows it; the file system goes with the descriptor. Of
// the calling thread's network namespace, where the file system shows one. `type`: "sysfs".
Result<Fd> detached_mount(const char* type);

// Runs `work` in the network namespace `netns` (a path; empty: the caller's own) with the root of a
// sysfs that shows its devices: sysfs shows those of the namespace it was mounted in, wherever /sys
// is and whatever it shows.
Result<void> with_sysfs_of(const std::string& netns,
                           const std::function<Result<void>(const std::string& sysfs)>& work);

}  // namespace pktbench::sys
