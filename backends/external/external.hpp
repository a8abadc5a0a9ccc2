// Backend `external`: whatever a command of the scenario's attaches to the DUT's device, counted by
// the device's own statistics. It puts other people's programs through the same measurement, to
// compare with.
//
// The commands are run by /bin/sh as the user that runs pktbench, in the DUT's network namespace,
// with $DEV set to the device's name. Only run scenarios that you trust.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::backends {

// Options: `attach`, `detach` (commands) and `counter`: "driver:NAME" (a name of `ethtool -S`) or
// "link:rx_packets".
BackendType external_backend();

}  // namespace pktbench::backends
