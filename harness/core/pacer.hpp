// When frames are due at a fixed rate. Pure arithmetic on nanoseconds that the caller reads.
//
// Frame n is due at start + n / rate. A late sender catches up at twice the rate at most, as the
// BPF generator does, so that a preemption does not turn into a burst.
#pragma once

#include <algorithm>
#include <cstdint>

namespace pktbench {

class Pacer {
 public:
  // REQUIRES: rate_pps > 0
  Pacer(double rate_pps, std::uint64_t start_ns)
      : per_ns_(rate_pps / 1e9), half_interval_ns_(0.5e9 / rate_pps), start_ns_(start_ns) {}

  // Frames due at `now_ns`, since the start; the first is due at once.
  std::uint64_t due(std::uint64_t now_ns) const {
    return static_cast<std::uint64_t>(static_cast<double>(now_ns - start_ns_) * per_ns_) + 1;
  }

  // When frame n is due, from 0.
  std::uint64_t due_at(std::uint64_t n) const {
    return start_ns_ + static_cast<std::uint64_t>(static_cast<double>(n) / per_ns_);
  }

  // How many frames may go now, at most `most`, after `sent` of them. 0: none yet.
  unsigned take(std::uint64_t now_ns, std::uint64_t sent, unsigned most) {
    const auto elapsed_ns = static_cast<double>(now_ns - start_ns_);
    if (elapsed_ns < earliest_ns_) return 0;
    const std::uint64_t due_now = due(now_ns);
    if (due_now <= sent) return 0;
    const auto count = static_cast<unsigned>(std::min<std::uint64_t>(due_now - sent, most));
    earliest_ns_ = elapsed_ns + count * half_interval_ns_;
    return count;
  }

 private:
  double per_ns_;
  double half_interval_ns_;
  std::uint64_t start_ns_;
  double earliest_ns_ = 0;  // since start
};

}  // namespace pktbench
