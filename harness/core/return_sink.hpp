// Frames that the workload sends back: what takes them at the generator's end of the wiring.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "harness/core/counters.hpp"
#include "harness/core/delays.hpp"
#include "harness/core/port.hpp"
#include "harness/core/result.hpp"

namespace pktbench {

// All monotonic since the sink was attached.
struct Returned {
  std::uint64_t packets = 0;  // of this trial, addressed to the generator
  std::uint64_t strays = 0;   // of another trial, or addressed to somebody else; not in `packets`
  DropCounts drops;           // lost on the way back, by place

  std::uint64_t accounted() const {
    std::uint64_t n = packets + strays;
    for (const auto& [place, count] : drops) n += count;
    return n;
  }
};

// Threads: one controlling thread.
class ReturnSink : public DelayRecorder {
 public:
  // From now on the frames of `trial_tag` that arrive at `generator` end there, and are counted.
  // Everything that is no test frame goes on. Detaches with the object, and when the process dies.
  // `stamped`: they say when they were due, and how late each is when it is back is recorded.
  virtual Result<void> attach(const Port& generator, std::uint32_t trial_tag, bool stamped) = 0;

  // Without drops, which are the wiring's.
  virtual Result<Returned> sample() = 0;

  // Id of the BPF program that counts them. REQUIRES: attached.
  virtual std::uint32_t program() const = 0;
};

using MakeReturnSink = std::function<std::unique_ptr<ReturnSink>()>;

}  // namespace pktbench
