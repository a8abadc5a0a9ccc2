// A traffic source: sends tagged frames from one port while its gate is open.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/counters.hpp"
#include "harness/core/options.hpp"
#include "harness/core/port.hpp"
#include "harness/core/result.hpp"

namespace pktbench {

struct TrafficSpec {
  std::uint32_t frame_size = 64;  // bytes, FCS included; of a mix the largest
  std::uint32_t flows = 1;        // by source port, then source address
  std::string mix = {};           // of sizes (frame_mix.hpp); empty: all frames are of one
  std::uint32_t ip = 4;           // or 6
};

struct TrafficConfig {
  Port from;
  Port to;
  TrafficSpec traffic;
  std::uint32_t trial_tag = 0;  // stamped into every frame's payload
  Options options;
  // Each frame says when it was due and goes by itself, and the source is a DelayRecorder. Without
  // a rate no frame is due at any time, and what is recorded means nothing.
  bool stamped = false;
};

// Threads: one controlling thread calls these; the source sends from threads of its own, pinned to
// `from.cpus`. sample() is called only while the gate is shut.
class TrafficSource {
 public:
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  virtual ~TrafficSource() = default;

  // Makes everything ready; nothing is sent until open().
  virtual Result<void> start(const TrafficConfig& config) = 0;

  // Sends until close(), or `limit` frames, at `rate_pps` (above 0; none: as fast as possible). The
  // rate counts from the first frame after open(). A rate that the source cannot keep is an error
  // of close(): `unsupported`.
  virtual void open(std::uint64_t limit = kNoLimit, std::optional<double> rate_pps = {}) = 0;

  // True when the limit given to open() has been sent.
  virtual bool finished() = 0;

  // Shuts the gate and returns when no frame is in flight inside the source. Fails when the source
  // died or did not come to rest.
  virtual Result<void> close() = 0;

  // Monotonic since start().
  virtual Result<SentCounters> sample() = 0;

  // Of frames that were sent and of which none arrived: what this source needs on the way, and the
  // command or the setting that helps; empty: nothing of its own. Between start() and stop().
  virtual std::string when_none_arrives() const { return ""; }

  // Its frames come to the port by XDP's redirect, for which many drivers want a program there.
  virtual bool redirects() const { return false; }

  // Threads that generate, for the CPU accounting.
  virtual std::vector<pid_t> threads() const = 0;

  // Idempotent.
  virtual void stop() noexcept = 0;
};

}  // namespace pktbench
