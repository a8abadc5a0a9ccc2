// The messages of the program: "pktbench: ..." on stderr.
#pragma once

namespace pktbench::cli {

// Whatever a message quotes (a name, a path, what another program said) is shown by clean_text(),
// so that it cannot move the cursor.
void set_up_log();

}  // namespace pktbench::cli
