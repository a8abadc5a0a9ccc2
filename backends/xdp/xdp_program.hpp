// The XDP program of a workload, loaded and not attached, with its counters.
//
// Threads: one controlling thread.
#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/common/workload_state.hpp"
#include "bpf/counters.h"
#include "harness/core/result.hpp"

namespace pktbench::backends {

class XdpProgram {
 public:
  // Those that have a program.
  static std::vector<std::string> workloads();
  // Errors: `unsupported` for a workload that is not in backends/common/workload_state.hpp; with
  // the verifier's words in `detail` where the kernel refuses the program. `fragments`: a frame may
  // lie in several buffers (Linux 5.18), of which the program sees the first.
  static Result<XdpProgram> load(const std::string& workload, bool fragments = false);

  // Owned by this.
  int fd() const { return bpf_program__fd(program_); }

  // Of one queue (below PB_MAX_QUEUES), all CPUs together; monotonic since load().
  Result<pb_queue_counters> counters(std::uint32_t queue) const;

  // Of `filter`, in memory that the program reads; null for the other workloads.
  PortSet* ports() { return ports_ ? &*ports_ : nullptr; }

 private:
  XdpProgram() = default;

  std::shared_ptr<void> skeleton_;
  bpf_program* program_ = nullptr;
  int counters_fd_ = -1;  // the skeleton's
  std::optional<PortSet> ports_;
};

}  // namespace pktbench::backends
