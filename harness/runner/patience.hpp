// Waiting until nothing would disturb a trial that begins, so that no repeats are spent on what
// passes by itself.
//
// Threads: the runner's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "harness/core/clock.hpp"
#include "harness/core/disturbance.hpp"

namespace pktbench {

class Patience {
 public:
  // In vain for so long once, it does not wait again until it has found calm.
  static constexpr std::uint64_t kLimitNs = 120'000'000'000;

  // Returns at once where there is calm, else when it comes, when the limit is reached or when
  // `stop` is set. `waits` is called once, with the reason, before the first wait.
  void await(const std::vector<DisturbanceSource*>& sources, const DisturbanceLimits& limits,
             Clock& clock, const StopFlag& stop,
             const std::function<void(const std::string& why)>& waits);

 private:
  bool left_ = true;
};

}  // namespace pktbench
