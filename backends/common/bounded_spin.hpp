// How long a loop that sleeps on an empty ring looks at it before it sleeps.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "harness/core/options.hpp"
#include "harness/core/port.hpp"

namespace pktbench::backends {

// The option `spin_us`.
inline OptionSpec spin_us_option() {
  return number_option("spin_us", 20, 0, 1000,
                       "microseconds of looking at an empty ring before sleeping in poll(); 0 "
                       "where NAPI runs in threads, or loops share a CPU");
}

// A loop that spins starves a NAPI thread that shares its CPU, and a softirq it does not.
// REQUIRES: the port's settings are made. False where the device has no such thing.
bool napi_in_threads(const Port& port);

// How long each of the `loops` of `port` spins, of `asked_us`: not at all where one would keep the
// CPU from a NAPI thread or from another loop.
struct SpinTime {
  std::uint32_t us = 0;
  std::string said;  // the number, and why it is not what was asked for
};
SpinTime spin_time(const Port& port, std::size_t loops, std::uint32_t asked_us);

// Waking a sleeping thread costs the waker and the woken some microseconds; where frames come again
// sooner, looking is cheaper for both. But a loop that looks keeps the CPU from a NAPI that shares
// it, whose frames then cannot come: after a spin in vain the loop sleeps at once, the next time
// once, then 3 times in a row, up to kMostSkipped. So spins in vain take at most
// 1 / (kMostSkipped + 1) of the empty rings that a loop meets.
//
// Threads: one.
class BoundedSpin {
 public:
  static constexpr std::uint32_t kMostSkipped = 63;

  // 0: never spins.
  explicit BoundedSpin(std::uint32_t spin_us) : spin_ns_(std::uint64_t{1000} * spin_us) {}

  // The ring is empty. True: look again, else sleep. `now_ns` is called only where there is a spin.
  template <class Clock>
  bool look_again(Clock now_ns) {
    if (spin_ns_ == 0) return false;
    if (skip_ > 0) {
      --skip_;
      return false;
    }
    const std::uint64_t now = now_ns();
    if (!spinning_) {
      spinning_ = true;
      until_ns_ = now + spin_ns_;
    }
    if (now < until_ns_) return true;
    spinning_ = false;
    in_vain_ = std::min(2 * in_vain_ + 1, kMostSkipped);
    skip_ = in_vain_;
    return false;
  }

  // The ring has frames. Cost: one branch, where the loop has not spun.
  void found() {
    if (!spinning_) return;
    spinning_ = false;
    in_vain_ = 0;
  }

 private:
  std::uint64_t spin_ns_;
  std::uint64_t until_ns_ = 0;
  std::uint32_t in_vain_ = 0;  // sleeps without a spin that the last spin in vain has brought
  std::uint32_t skip_ = 0;     // of these, those to come
  bool spinning_ = false;
};

}  // namespace pktbench::backends
