// Time as the trial loop sees it, so that a simulated testbed can run faster than the wall.
#pragma once

#include <atomic>
#include <cstdint>

namespace pktbench {

// Set once by a signal handler; read everywhere.
using StopFlag = std::atomic<bool>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::uint64_t now_ns() = 0;
  // Returns early when `stop` becomes true.
  virtual void sleep_ns(std::uint64_t ns, const StopFlag& stop) = 0;
};

}  // namespace pktbench
