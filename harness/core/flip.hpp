// A change of what is done with each frame while a window is open, and what was seen of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/result.hpp"

namespace pktbench {

struct FlipPlan {
  std::string action;      // what frames meet from then on, instead of being passed on
  double at_s = 0.5;       // since the window opened
  double every_s = 0.01;   // between two samples
  double settle_s = 0.05;  // after the window's beginning and after the change: in neither cost
};

// Of one stretch between two samples.
struct FlipSample {
  double at_ms = 0;  // its end, since the window opened
  double length_ms = 0;
  std::uint64_t packets = 0;
  std::uint64_t turned = 0;      // of them met the new action
  std::optional<double> cycles;  // of all CPUs that worked for the DUT
  double dut_cpu = 0;            // CPUs that worked for it: 1 is one whole CPU
};

struct FlipRecord {
  std::string action;
  double flipped_at_ms = 0;  // when the change was written, since the window opened
  // From then to the end of the first stretch in which a frame met the new action.
  std::optional<double> visible_after_ms;
  std::optional<double> cycles_pass;  // per packet, before
  std::optional<double> cycles_drop;  // per packet, after
  std::optional<double> tax_cycles;   // per packet: the difference
  std::string tax_reason;             // why there is none
  double sampler_cpu = 0;             // that reading took: 1 is one whole CPU
  std::vector<FlipSample> series;
};

// Of a backend that can be told while frames come what to do with them, and whose count is cheap to
// read then. From start() to stop(), by the controlling thread.
class LiveControl {
 public:
  struct Count {
    std::uint64_t packets = 0;
    std::uint64_t turned = 0;  // of them met what turn() asked for
  };

  virtual ~LiveControl() = default;
  // What frames meet from now on: "pass", "drop", "touch" or "parse". Errors: `unsupported` where
  // the workload is none that can be turned.
  virtual Result<void> turn(const std::string& action) = 0;
  // Monotonic since start(). Frames that are being worked on may be missing.
  virtual Result<Count> now() = 0;
};

}  // namespace pktbench
