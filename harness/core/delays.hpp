// How late frames were, counted where they are: an optional part of a backend (from the time a
// frame was due until its workload had it), of a traffic source (until it was handed on) and of
// what takes the frames that are sent back (until it was there again).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "harness/core/result.hpp"

namespace pktbench {

// Who reads the clock when a frame is there.
enum class Stamp {
  software,  // the workload, or what takes the frame at the generator's end
  kernel,    // where it takes the frame from the device's driver
  hardware,  // the port
};
inline constexpr std::array kStampNames = {"software", "kernel", "hardware"};
inline const char* to_string(Stamp value) { return kStampNames[static_cast<std::size_t>(value)]; }

// Monotonic.
struct DelayCounts {
  std::vector<std::uint64_t> buckets;  // bpf/stamp.h says which; every frame once
  std::uint64_t early = 0;             // of them those before their time, counted as 0
  std::uint64_t beyond = 0;            // and those above the highest value, counted as that
  std::uint64_t duplicated = 0;        // frames that had come before
  std::uint64_t reordered = 0;         // frames sent before one that came earlier
  std::uint64_t unstamped = 0;         // frames without the stamp that was asked for; not above
};

// From a pb_delays of bpf/stamp.h, whose writer may be at work.
template <class Delays>
DelayCounts delay_counts(const Delays& from) {
  const auto read = [](const auto& word) -> std::uint64_t {
    return __atomic_load_n(&word, __ATOMIC_RELAXED);
  };
  DelayCounts made;
  made.buckets.reserve(std::size(from.counts));
  for (const auto& count : from.counts) made.buckets.push_back(read(count));
  made.early = read(from.early);
  made.beyond = read(from.beyond);
  return made;
}
// From a pb_stamps, the same.
template <class Stamps>
DelayCounts stamp_counts(const Stamps& from) {
  DelayCounts made = delay_counts(from.delays);
  made.duplicated = __atomic_load_n(&from.duplicated, __ATOMIC_RELAXED);
  made.reordered = __atomic_load_n(&from.reordered, __ATOMIC_RELAXED);
  made.unstamped = __atomic_load_n(&from.unstamped, __ATOMIC_RELAXED);
  return made;
}

// Threads: one controlling thread.
class DelayRecorder {
 public:
  virtual ~DelayRecorder() = default;

  // Since start(), by RX queue; a source has one. Called between windows, not inside them.
  // REQUIRES: started with `stamped`.
  virtual Result<std::vector<DelayCounts>> delays() = 0;

  // How far CLOCK_REALTIME, by which the kernel stamps, is ahead of the monotonic clock. Called
  // while no frame is on its way. REQUIRES: as delays().
  virtual void set_realtime_ahead(std::int64_t /*ns*/) {}
};

}  // namespace pktbench
