// What a frame's delay costs the receiving loop: to read the clock, and to record it.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>

#include "bpf/stamp.h"
#include "harness/measure/histogram.hpp"
#include "harness/sys/cpu.hpp"

namespace {

using pktbench::sys::monotonic_ns;

using Frame = std::array<unsigned char, PB_MIN_LEN>;

// Frames as they come: due some microseconds ago, one more each.
template <bool read_clock>
void count_stamp(benchmark::State& state) {
  constexpr std::size_t kFrames = 1024;
  const auto stamps = std::make_unique<pb_stamps>();
  const pb_frame_template sums{};
  std::array<Frame, kFrames> frames{};
  const std::uint64_t now = monotonic_ns();
  for (std::size_t i = 0; i < kFrames; ++i)
    pb_frame_stamp_due(frames[i].data(), &sums, 0, 0, now - 10'000 - 37 * i);
  std::uint32_t seq = 0;
  for (auto _ : state) {
    unsigned char* const frame = frames[seq % kFrames].data();
    // Else it would be one that came again.
    *reinterpret_cast<pb_unaligned_u32*>(frame + PB_OFF_SEQ) = __builtin_bswap32(seq++);
    pb_count_stamp(stamps.get(), frame + PB_OFF_TAG, read_clock ? monotonic_ns() : now);
  }
  benchmark::DoNotOptimize(stamps->delays.counts);
}

void clock_alone(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(monotonic_ns());
}

BENCHMARK(count_stamp<false>)->Name("latency/record");
BENCHMARK(clock_alone)->Name("latency/clock");
BENCHMARK(count_stamp<true>)->Name("latency/record_with_clock");

}  // namespace
