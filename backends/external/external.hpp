// Backend `external`: whatever a command of the scenario's attaches to the DUT's device, counted by
// the device's own statistics or by a command that asks the program. It puts other people's
// programs through the same measurement, to compare with.
//
// With a counter command the frames that the device received and the command does not report are
// drops at `behind_device`: the program itself is not asked where it lost them.
//
// The commands are run by /bin/sh as the user that runs pktbench, in the DUT's network namespace,
// with $DEV set to the device's name. Only run scenarios that you trust.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::backends {

// Options: `attach`, `detach` (commands) and `counter`: "link:rx_packets", "driver:NAME" (a name of
// `ethtool -S`) or "command:COMMAND", which prints one number: the frames received so far.
BackendType external_backend();

}  // namespace pktbench::backends
