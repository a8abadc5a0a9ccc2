// The source "programs". Its rule: no XDP program but the trial's own runs on a port at any time
// from the trial's start to the end of its window. A program that came and went in between is seen
// where the kernel announces it, which it does not for those attached by a BPF link.
#pragma once

#include <memory>
#include <vector>

#include "harness/core/disturbance.hpp"
#include "harness/core/port.hpp"

namespace pktbench::measure {

std::unique_ptr<DisturbanceSource> foreign_programs_source(const std::vector<Port>& ports);

}  // namespace pktbench::measure
