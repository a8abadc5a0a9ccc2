// Frames of others at the DUT, without a look at any frame of a window: by what arrives while
// nothing is sent, and by more arriving than was sent. Pure functions.
//
// What this cannot see: fewer frames than the wire lost unnamed, where the backend reads no tag and
// none of them came while the link was watched idle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/trial.hpp"
#include "harness/measure/onlooker.hpp"

namespace pktbench::method {

using measure::PortFrames;

// One reading of the idle link.
struct Arrivals {
  std::uint64_t at_ns = 0;
  std::uint64_t counted = 0;  // by the backend, and at every place of drops
  PortFrames ports;
};

// What came between the first reading and the last.
struct IdleArrivals {
  std::uint64_t frames = 0;
  // Without the interval that had most: a lone frame, a burst and a device that tells its count
  // late leave nothing here.
  std::uint64_t repeated = 0;
  double seconds = 0;

  // True where as much in a window would be above the tolerance.
  bool steady(double window_s, std::uint64_t tolerance) const;
};

// A frame that both the backend and the device count is one.
IdleArrivals idle_arrivals(const std::vector<Arrivals>& readings);

// How many frames of others were in the window, at least. REQUIRES: the record is counted.
// `before` and `after`: of the ports, when the window's traffic had not begun and was over.
// More than was offered at the backend, and not at the DUT's port, is a fault of a count instead.
std::uint64_t foreign_in_window(const TrialRecord& record, const PortFrames& before,
                                const PortFrames& after);

// "about 1000 a second"; two digits.
std::string rate_text(const IdleArrivals& idle);

}  // namespace pktbench::method
