#include "harness/measure/null_path.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "bpf/stamp.h"
#include "harness/measure/histogram.hpp"
#include "harness/sys/cpu.hpp"

namespace pktbench::measure {

NullPath null_path() {
  // The first frames find cold caches, as no frame of a trial does after its warm-up.
  constexpr std::uint32_t kCold = 2'000;
  constexpr std::uint32_t kFrames = 20'000;
  std::array<unsigned char, PB_MIN_LEN> frame{};
  const pb_frame_template sums{};
  const auto stamps = std::make_unique<pb_stamps>();
  std::vector<std::uint64_t> cold;
  std::uint64_t began = 0;
  for (std::uint32_t seq = 0; seq < kCold + kFrames; ++seq) {
    if (seq == kCold) {
      cold.assign(std::begin(stamps->delays.counts), std::end(stamps->delays.counts));
      began = sys::monotonic_ns();
    }
    pb_frame_stamp_due(frame.data(), &sums, 0, seq, sys::monotonic_ns());
    pb_count_stamp(stamps.get(), frame.data() + PB_OFF_TAG, sys::monotonic_ns());
  }
  const std::uint64_t took = sys::monotonic_ns() - began;
  for (std::size_t i = 0; i < cold.size(); ++i) cold[i] = stamps->delays.counts[i] - cold[i];
  const Histogram histogram(cold);
  return {static_cast<double>(histogram.at_percentile(50)),
          static_cast<double>(histogram.at_percentile(99)), static_cast<double>(took) / kFrames};
}

}  // namespace pktbench::measure
