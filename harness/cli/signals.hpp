// SIGINT, SIGTERM and SIGHUP ask the run to stop; it then keeps its finished trials and restores
// the host. SIGPIPE is ignored for the same reason: a closed pager must not end the process half
// way.
#pragma once

#include "harness/core/clock.hpp"

namespace pktbench::cli {

// Installs the handlers; the flag is the process's own.
const StopFlag& install_stop_signals();

// A write past `ulimit -f` is an error of that write, and no reason to die before the host is
// restored.
void outlive_file_size_limits();

}  // namespace pktbench::cli
