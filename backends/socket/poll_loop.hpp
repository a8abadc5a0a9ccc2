// The receive loop of the socket backends: a template over how datagrams are received and over what
// is done with each, so that the compiler sees all of it.
//
// A Receive has, for the loop's thread: `int begin(int wake_fd)`, 0 or an errno; `int next()`,
// which returns how many datagrams came, 0 where none did and it does not wait, or a negative
// errno; `std::span<std::uint8_t> datagram(int i)`, valid until the next call of next(); `void
// end()`. Where its kGivesSender is true, also `const backends::PeerAddress& sender(int i)`, valid
// as long; `void send_back(int i)`, to whom it came from and by flush() at the latest; and
// `std::uint64_t flush()`, which returns how many of those the kernel refused. Where its
// kGivesStamp is true, also `std::uint64_t stamp_ns(int i)`, the kernel's.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

#include "backends/common/poll_thread.hpp"
#include "backends/common/poll_timer.hpp"
#include "backends/socket/payload_workload.hpp"
#include "backends/socket/tag_check.hpp"
#include "harness/sys/pump.hpp"

namespace pktbench::udp {

// `header_bytes`: of a frame, in front of the datagram.
// Returns 0 when the thread is to stop, or the errno that ended it.
// Per call: the system call, which is the thing measured, and four stores; where nothing
// came, one call of the pump. With a pump, one reading of the TSC a call. Per datagram: two loads
// and compares of the tag, and the workload. Where datagrams are sent back: the system calls for
// that, and one relaxed store.
template <class Receive, class Workload>
int poll_loop(backends::PollThread& thread, Receive& receive, Workload workload,
              const TagCheck ours, const std::size_t header_bytes, const int pump_fd) {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t foreign = 0;
  std::uint64_t empty = 0;
  backends::PollTimer timer(pump_fd >= 0);
  [[maybe_unused]] std::uint64_t not_sent = 0;
  while (true) {
    const int count = receive.next();
    if (thread.stopping()) return 0;
    if (count < 0) {
      if (count == -EINTR) continue;
      return -count;
    }
    if (count == 0) {
      ++empty;
      thread.counters().add_idle(timer.lap());
      sys::pump(pump_fd);
    }
    for (int i = 0; i < count; ++i) {
      Datagram datagram{receive.datagram(i)};
      if (!ours.payload(datagram.payload.data(), datagram.payload.size())) {
        ++foreign;
        continue;
      }
      ++packets;
      bytes += datagram.payload.size() + header_bytes;
      if constexpr (Workload::kWantsSender) datagram.sender = &receive.sender(i);
      if constexpr (kWantsStamp<Workload>) datagram.stamp_ns = receive.stamp_ns(i);
      workload(datagram);
      if constexpr (Workload::kSendsBack) receive.send_back(i);
    }
    if constexpr (Workload::kSendsBack) {
      not_sent += receive.flush();
      thread.counters().not_sent.store(not_sent, std::memory_order_relaxed);
    }
    if (count > 0) thread.counters().add_busy(timer.found(static_cast<std::uint64_t>(count)));
    thread.counters().store(packets, bytes, foreign, empty);
  }
}

}  // namespace pktbench::udp
