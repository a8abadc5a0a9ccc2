// One run that changes the host at a time. The kernel drops the lock when its holder dies.
#pragma once

#include <string>

#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench::undo {

using HostLock = sys::Fd;  // held while it is open

// Errors: `refused`, naming the process that holds it, where another run is going on.
Result<HostLock> lock_host(const std::string& purpose, const std::string& dir = kStateDir);

}  // namespace pktbench::undo
