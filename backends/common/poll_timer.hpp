// Tells a loop's polls that returned frames from those in vain, by the time that they took.
#pragma once

#include <cstdint>

#include "harness/sys/tsc.hpp"

namespace pktbench::backends {

// Cost: one reading of the TSC a poll; none where it is off, as in a loop that does not spin.
//
// A loop that loses its CPU while it polls finds frames when it gets it back, so that the time that
// others had would look like cost. A poll that took far too long for its frames counts as much as
// they took on average before.
//
// Threads: one.
class PollTimer {
 public:
  explicit PollTimer(bool on) : on_(on) { restart(); }

  // Of a poll that returned so many frames, once they are handled.
  std::uint64_t found(std::uint64_t frames) {
    const std::uint64_t ticks = lap();
    if (ticks <= kPollTicks + frames * kFrameTicks) {
      ticks_ += ticks;
      frames_ += frames;
      return ticks;
    }
    return frames_ ? ticks_ * frames / frames_ : 0;
  }
  // Ticks since the last lap or restart; 0 where it is off.
  std::uint64_t lap() {
    if (!on_) return 0;
    const std::uint64_t before = last_;
    last_ = sys::tsc();
    return last_ - before;
  }
  // The time since the last lap was no poll: the loop slept.
  void restart() {
    if (on_) last_ = sys::tsc();
  }

  // More than a poll takes, and than a frame does on any path: 40 µs and 8 µs at 2.5 GHz.
  static constexpr std::uint64_t kPollTicks = 100'000;
  static constexpr std::uint64_t kFrameTicks = 20'000;

 private:
  const bool on_;
  std::uint64_t ticks_ = 0;  // of the polls that counted themselves
  std::uint64_t frames_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace pktbench::backends
