#include "harness/cli/signals.hpp"

#include <signal.h>

namespace pktbench::cli {

namespace {
StopFlag stop_requested{false};
}  // namespace

const StopFlag& install_stop_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { stop_requested = true; };
  // No SA_RESTART: a sleeping trial must wake.
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction old {};
    // What nohup or a shell has set to be ignored stays so.
    if (sigaction(signal, nullptr, &old) == 0 && old.sa_handler == SIG_IGN) continue;
    sigaction(signal, &action, nullptr);
  }
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
  return stop_requested;
}

void outlive_file_size_limits() {
  // A handler, for a program that is executed would inherit SIG_IGN.
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  sigaction(SIGXFSZ, &action, nullptr);
}

}  // namespace pktbench::cli
