// The one check of numbers that people and files give: options, keys of a scenario, values of a
// record.
#pragma once

#include <cmath>
#include <optional>

namespace pktbench {

// Inclusive.
struct Bounds {
  std::optional<double> min = std::nullopt;
  std::optional<double> max = std::nullopt;
};

// NaN and infinity are inside nothing: a comparison alone would let NaN pass.
inline bool inside(double value, const Bounds& bounds) {
  return std::isfinite(value) && !(bounds.min && value < *bounds.min) &&
         !(bounds.max && value > *bounds.max);
}

}  // namespace pktbench
