// Progress on stderr: a bar with the remaining time on a terminal, else one line per trial.
#pragma once

#include <memory>

#include "harness/live/observer.hpp"

namespace pktbench {

// Redraws one line when stderr is a terminal; otherwise writes lines.
std::unique_ptr<Observer> make_stderr_progress();

}  // namespace pktbench
