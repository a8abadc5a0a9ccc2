// What stands before any change to the host: privileges, the lock, and what an ended run has left.
#pragma once

#include "harness/core/result.hpp"
#include "harness/undo/host_lock.hpp"

namespace pktbench::cli {

// Errors: `refused`, naming every capability that is missing.
Result<void> permitted();

// Errors: those of permitted(), and `refused` naming the run that holds the lock. Undoes
// what a killed run has left, and says so on stderr.
Result<undo::HostLock> claim_host(const std::string& purpose);

}  // namespace pktbench::cli
