// Time as the trial loop sees it, so that a simulated testbed can run faster than the wall.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace pktbench {

inline constexpr std::uint64_t kMillisecond = 1'000'000;  // ns

// Set once by a signal handler; read everywhere.
using StopFlag = std::atomic<bool>;

// Two clocks at one moment, each in nanoseconds since a start of its own.
struct ClockReading {
  std::uint64_t now_ns = 0;
  std::uint64_t reference_ns = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::uint64_t now_ns() = 0;
  // now_ns() together with a clock that nobody sets or slews, to hold a measured interval against.
  virtual ClockReading read() = 0;
  // What the reference is called: "TSC".
  virtual std::string reference() const = 0;
  // Returns early when `stop` becomes true.
  virtual void sleep_ns(std::uint64_t ns, const StopFlag& stop) = 0;
};

}  // namespace pktbench
