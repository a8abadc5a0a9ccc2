// In front of a workload: records how late each stamped frame is when the workload gets it.
//
// Threads: a pb_stamps belongs to the polling thread; stamp_counts() reads it from any.
#pragma once

#include <cstdint>
#include <utility>

#include "backends/common/workload.hpp"
#include "backends/socket/tag_check.hpp"
#include "bpf/stamp.h"
#include "harness/core/delays.hpp"
#include "harness/sys/cpu.hpp"

namespace pktbench::backends {

// Of whole frames. Per frame: one reading of the clock (vDSO), the tag's two loads and compares,
// and pb_count_stamp().
template <class Workload>
class Stamped {
 public:
  // `stamps` outlives it.
  Stamped(Workload workload, pb_stamps& stamps, udp::TagCheck ours)
      : workload_(std::move(workload)), stamps_(&stamps), ours_(ours) {}

  Verdict operator()(std::uint8_t* frame, std::uint32_t length) {
    const std::uint64_t now_ns = sys::monotonic_ns();
    if (ours_.frame(frame, length)) pb_count_stamp(stamps_, frame + ours_.offset(), now_ns);
    return workload_(frame, length);
  }

 private:
  Workload workload_;
  pb_stamps* stamps_;
  udp::TagCheck ours_;
};

template <class Workload>
inline constexpr bool kSendsBack<Stamped<Workload>> = kSendsBack<Workload>;

}  // namespace pktbench::backends
