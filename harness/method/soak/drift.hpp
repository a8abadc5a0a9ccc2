// How a series goes with time: a straight line by least squares, with an interval for its slope
// that heeds that neighbours are alike (what drifts wanders: without that most wanderings are
// "drifts").
//
// Threads: none. Pure.
#pragma once

#include <optional>
#include <vector>

namespace pktbench::method {

struct Slope {
  double per_s = 0;
  double low = 0;
  double high = 0;
};

// nullopt: fewer than 8 values, or all at one time. REQUIRES: as many times, growing, as values.
std::optional<Slope> slope_of(const std::vector<double>& at_s, const std::vector<double>& values,
                              double confidence);

}  // namespace pktbench::method
