// The kernel's own account of BPF programs: how often each ran, and for how long
// (BPF_ENABLE_STATS). It is another way to the cost of a packet than the CPU accounting, and a
// narrower one: the program alone, without the driver and the stack around it, but with one reading
// of the clock.
//
// Cost: while this lives, every BPF program on the machine reads the clock twice per run. A rate or
// a cost measured meanwhile is not the ordinary one.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/core/trial.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::measure {

// Threads: one controlling thread.
class BpfRunTimeMeter {
 public:
  // Switches the statistics on until this goes; the sysctl kernel.bpf_stats_enabled stays as it is.
  // `programs`: ids. Errors: `unsupported` before Linux 5.8; `failed` where there is no such
  // program.
  static Result<BpfRunTimeMeter> start(const std::vector<std::uint32_t>& programs);

  // Of all the programs together; monotonic.
  Result<BpfRunTime> sample() const;

 private:
  BpfRunTimeMeter() = default;

  sys::Fd statistics_;
  std::vector<sys::Fd> programs_;
};

}  // namespace pktbench::measure
