// The receive loop of the socket backends: a template over how datagrams are received and over what
// is done with each, so that the compiler sees all of it.
//
// A Receive has, for the loop's thread: `int begin()`, 0 or an errno; `int next()`, which returns
// how many datagrams came, 0 where none did and it does not wait, or a negative errno;
// `std::span<std::uint8_t> datagram(int i)`, valid until the next call of next(); `void end()`.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "backends/common/poll_thread.hpp"
#include "backends/common/workload.hpp"
#include "backends/socket/tag_check.hpp"
#include "bpf/frame.h"
#include "harness/sys/pump.hpp"

namespace pktbench::udp {

// Sockets give the payload, not the frame: only the workloads that look at no header can be had.
inline constexpr std::array kPayloadWorkloads = {"drop", "touch"};

// backends::with_workload() for those; the functor gets the payload.
template <class Run>
auto with_payload_workload(const std::string& name, Run&& run) -> decltype(run(backends::Drop{})) {
  if (name == kPayloadWorkloads[0]) return std::forward<Run>(run)(backends::Drop{});
  if (name == kPayloadWorkloads[1]) return std::forward<Run>(run)(backends::Touch{});
  return make_error(ErrorCode::unsupported,
                    "a socket gives the payload only: no workload \"" + name + "\"");
}

// Returns 0 when the thread is to stop, or the errno that ended it. To wake one that waits: set
// the thread's flag, then call the Receive's wake().
// Per call: the system call, which is the thing measured, and four relaxed stores; where nothing
// came, one call of the pump. Per datagram: two loads and compares of the tag, and the workload.
template <class Receive, class Workload>
int poll_loop(backends::PollThread& thread, Receive& receive, Workload workload,
              const TagCheck ours, const int pump_fd) {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t foreign = 0;
  std::uint64_t empty = 0;
  while (true) {
    const int count = receive.next();
    if (thread.stopping()) return 0;
    if (count < 0) {
      if (count == -EINTR) continue;
      return -count;
    }
    if (count == 0) {
      ++empty;
      sys::pump(pump_fd);
    }
    for (int i = 0; i < count; ++i) {
      const std::span<std::uint8_t> payload = receive.datagram(i);
      if (!ours.payload(payload.data(), payload.size())) {
        ++foreign;
        continue;
      }
      ++packets;
      bytes += payload.size() + PB_OFF_TAG;
      workload(payload.data(), static_cast<std::uint32_t>(payload.size()));
    }
    thread.counters().store(packets, bytes, foreign, empty);
  }
}

}  // namespace pktbench::udp
