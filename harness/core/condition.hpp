// What held before a trial's window and after it alike: the condition under which it was measured.
// No fault of the trial, and never mixed: a summary is of one condition, a pair has one.
#pragma once

#include <optional>
#include <string>

namespace pktbench {

struct Condition {
  // What a cache line takes from the generator's CPU to the DUT's and back; none: not read.
  std::optional<double> cpu_distance_ns = {};
  // What the DUT's CPU does while it is idle: "poll", "spin" or "sleep"; empty: nobody sees to it.
  std::string idle = {};
  std::optional<double> cpu_mhz = {};  // the DUT's CPU; none: not told
};

}  // namespace pktbench
