// A first guess of where a device begins to lose frames. No search trusts it: it says where to
// look.
#pragma once

#include <optional>
#include <vector>

namespace pktbench::method {

// Normal, in the unit of the values.
struct Capacity {
  double mean = 0;
  double deviation = 0;
};

// The most likely one (by expectation maximisation) given what was forwarded in trials that lost
// frames, each a draw of it, and the loads of trials that lost none, each below its draw. nullopt:
// no trial lost any.
std::optional<Capacity> fit_capacity(const std::vector<double>& forwarded,
                                     const std::vector<double>& without_loss);

}  // namespace pktbench::method
