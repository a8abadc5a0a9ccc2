// In front of a workload: records how late each stamped frame is when the workload gets it.
//
// Threads: a pb_stamps belongs to the polling thread; stamp_counts() reads it from any.
#pragma once

#include <atomic>
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
  // `stamps` outlives it, as those of record_in().
  Stamped(Workload workload, pb_stamps& stamps, udp::TagCheck ours)
      : workload_(std::move(workload)), stamps_(&stamps), ours_(ours) {}

  // From now on.
  void record_in(pb_stamps& stamps) { stamps_ = &stamps; }

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

// Counts a frame that the kernel stamped at `realtime_ns`; 0: it has not. REQUIRES: as
// pb_count_stamp(). Per call: one load, and pb_count_stamp().
inline void count_kernel_stamp(pb_stamps& stamps, const std::uint8_t* tag,
                               std::uint64_t realtime_ns,
                               const std::atomic<std::int64_t>& realtime_ahead_ns) {
  if (realtime_ns == 0) {
    PB_COUNT_ONE(stamps.unstamped);
    return;
  }
  const auto ahead = static_cast<std::uint64_t>(realtime_ahead_ns.load(std::memory_order_relaxed));
  pb_count_stamp(&stamps, tag, realtime_ns - ahead);
}

// Of whole frames, by the kernel's stamp of each. Per frame: the tag's two loads and compares, and
// count_kernel_stamp().
template <class Workload>
class KernelStamped {
 public:
  // Both outlive it.
  KernelStamped(Workload workload, pb_stamps& stamps, udp::TagCheck ours,
                const std::atomic<std::int64_t>& realtime_ahead_ns)
      : workload_(std::move(workload)), stamps_(&stamps), ours_(ours), ahead_(&realtime_ahead_ns) {}

  // Of the frame that comes next.
  void stamped_at(std::uint64_t realtime_ns) { stamp_ns_ = realtime_ns; }

  Verdict operator()(std::uint8_t* frame, std::uint32_t length) {
    if (ours_.frame(frame, length))
      count_kernel_stamp(*stamps_, frame + ours_.offset(), stamp_ns_, *ahead_);
    return workload_(frame, length);
  }

 private:
  Workload workload_;
  pb_stamps* stamps_;
  udp::TagCheck ours_;
  const std::atomic<std::int64_t>* ahead_;
  std::uint64_t stamp_ns_ = 0;
};

template <class Workload>
inline constexpr bool kSendsBack<Stamped<Workload>> = kSendsBack<Workload>;
template <class Workload>
inline constexpr bool kSendsBack<KernelStamped<Workload>> = kSendsBack<Workload>;
template <class Workload>
inline constexpr bool kIsKernelStamped = false;
template <class Workload>
inline constexpr bool kIsKernelStamped<KernelStamped<Workload>> = true;
template <class Workload>
inline constexpr bool kIsStamped = false;
template <class Workload>
inline constexpr bool kIsStamped<Stamped<Workload>> = true;

}  // namespace pktbench::backends
