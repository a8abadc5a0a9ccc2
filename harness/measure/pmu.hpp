// Core cycles per CPU by perf_event_open, user and kernel, all tasks.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::measure {

class Pmu {
 public:
  // Errors: `unsupported` with the reason where there is no PMU, it may not be used, or it does not
  // count.
  static Result<Pmu> open(const std::vector<int>& cpus);

  // Cycles since open; never goes back. Where the kernel had to share the counter, each stretch
  // between two readings is scaled up. None where the counter did not run since the last reading.
  Result<std::optional<std::uint64_t>> cycles(int cpu);

 private:
  struct Event {
    sys::Fd fd;
    std::array<std::uint64_t, 3> last{};  // value, time enabled, time running
    double total = 0;
  };
  std::map<int, Event> events_;
};

}  // namespace pktbench::measure
