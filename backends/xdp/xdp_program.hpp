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
#include "bpf/stamp.h"
#include "harness/core/backend.hpp"
#include "harness/core/delays.hpp"
#include "harness/core/result.hpp"
#include "harness/sys/mapped.hpp"

namespace pktbench::backends {

// Frames that say when they were due.
struct StampedTrial {
  std::uint32_t tag = 0;
  std::uint32_t queues = 1;
  bool ipv6 = false;
};

struct XdpProgramOptions {
  // What is recorded of stamped frames; none: nothing is, and it costs nothing.
  std::optional<StampedTrial> stamps = {};
  // Of `forward`: its way out. REQUIRES: the calling thread is in that port's namespace.
  std::optional<Hop> hop = {};
  // What the driver of the way out takes is counted where programs redirect into it; in the generic
  // hook nothing tells.
  bool count_out = false;
  // A frame may lie in several buffers (Linux 5.18), of which the program sees the first.
  bool fragments = false;
};

class XdpProgram {
 public:
  // Those that have a program.
  static std::vector<std::string> workloads();
  // Errors: `unsupported` for a workload that is not in backends/common/workload_state.hpp; with
  // the verifier's words in `detail` where the kernel refuses the program.
  static Result<XdpProgram> load(const std::string& workload,
                                 const XdpProgramOptions& options = {});

  // Owned by this.
  int fd() const { return bpf_program__fd(program_); }

  // Of one queue (below PB_MAX_QUEUES), all CPUs together; monotonic since load().
  Result<pb_queue_counters> counters(std::uint32_t queue) const;

  // Of `forward`, all CPUs together; monotonic since load(). REQUIRES: loaded with `count_out`.
  Result<pb_out_counters> out() const;

  // By queue, in memory that the program writes. REQUIRES: loaded with `stamps`.
  std::vector<DelayCounts> delays() const;

  // Of `filter`, in memory that the program reads; null for the other workloads.
  PortSet* ports() { return ports_ ? &*ports_ : nullptr; }

  // Of `flip`: what the program does with a frame (enum pb_flip), in memory that it reads; null for
  // the other workloads.
  volatile std::uint32_t* action() { return action_; }

 private:
  XdpProgram() = default;

  std::shared_ptr<void> skeleton_;
  bpf_program* program_ = nullptr;
  int counters_fd_ = -1;  // the skeleton's, as is the next
  int out_fd_ = -1;
  sys::Mapped<const pb_stamps[]> stamps_;
  std::uint32_t stamped_queues_ = 0;
  std::optional<PortSet> ports_;
  volatile std::uint32_t* action_ = nullptr;  // the skeleton's
};

}  // namespace pktbench::backends
