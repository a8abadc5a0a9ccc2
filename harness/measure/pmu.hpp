// Core cycles per CPU by perf_event_open, user and kernel, all tasks.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::measure {

class Pmu {
 public:
  // Errors: `unsupported` with the reason where there is no PMU, it may not be used, or it does not
  // count.
  static Result<Pmu> open(const std::vector<int>& cpus);

  // Cycles since open, scaled up where the kernel had to share the counter.
  Result<std::uint64_t> cycles(int cpu) const;

 private:
  std::map<int, sys::Fd> events_;
};

}  // namespace pktbench::measure
