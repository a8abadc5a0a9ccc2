// What a trial with stamped frames found, and what the trials of a case at one load come to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pktbench {

// What stamping and recording take by themselves: done in a loop, without a wire between. None:
// nothing was stamped (a simulated device).
struct NullPath {
  std::optional<double> p50_ns;  // recorded as delay
  std::optional<double> p99_ns;
  std::optional<double> frame_ns;  // of CPU time, both together, a frame
};

// Histograms are HdrHistogram's encoded form, in base64.
struct LatencyRecord {
  std::string stamp;        // who reads the clock at the end, as Stamp
  bool one_way = true;      // else a round trip, back to the generator
  std::uint64_t count = 0;  // frames received, or come back, each once
  std::int64_t lost = 0;    // offered, and not among those
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::uint64_t unstamped = 0;          // as DelayCounts
  std::uint64_t early = 0;              // as DelayCounts
  std::uint64_t beyond = 0;             // as DelayCounts
  std::vector<std::string> histograms;  // of delays, by RX queue
  std::string lateness;                 // of the generator by itself; empty: it tells none
  NullPath null_path;
};

// Nanoseconds. None: too few frames to have it.
struct Percentiles {
  std::optional<double> min;
  std::optional<double> p50;
  std::optional<double> p90;
  std::optional<double> p99;
  std::optional<double> p99_9;
  std::optional<double> p99_99;
  std::optional<double> max;
};

struct LatencyLoad {
  std::string load;          // "10%", "unloaded"
  double target_pps = 0;     // what was asked for
  double offered_pps = 0;    // median of its trials
  std::uint64_t trials = 0;  // that went into it
  LatencyRecord sum;         // of those; one histogram, of all queues
  Percentiles ns;
  Percentiles late_ns;  // of the generator
  // Its p99 as a share of that of the delays; none: one of them is not known. Above half the
  // generator is the limiter, and what the delays say of the way and the receiver is an upper
  // bound.
  std::optional<double> generator_share;
  bool generator_limits() const { return generator_share.value_or(0) > 0.5; }
};

}  // namespace pktbench
