// The receive loop of packet-mmap: a template over the workload, so that the compiler sees all of
// it.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "backends/common/poll_thread.hpp"
#include "backends/common/poll_timer.hpp"
#include "backends/common/send_batch.hpp"
#include "backends/common/socket_option.hpp"
#include "backends/common/stamps.hpp"
#include "backends/common/workload.hpp"
#include "backends/packet/ring.hpp"
#include "backends/socket/tag_check.hpp"
#include "harness/sys/pump.hpp"

namespace pktbench::packet {

// Until a block is handed over, or `wake_fd` is readable. Returns 0 or an errno: ENETDOWN where the
// device went down.
inline int wait_for_block(int ring_fd, int wake_fd) {
  pollfd fds[] = {{ring_fd, POLLIN, 0}, {wake_fd, POLLIN, 0}};
  if (poll(fds, 2, -1) < 0) return errno == EINTR ? 0 : errno;
  if ((fds[0].revents & (POLLERR | POLLNVAL | POLLHUP)) == 0) return 0;
  const auto error = backends::socket_option<int>(ring_fd, SOL_SOCKET, SO_ERROR, "SO_ERROR");
  return error ? *error : error.error().sys_errno;
}

// When the kernel took the frame from its driver, CLOCK_REALTIME; 0: it did not stamp it then, and
// the time in the header is when it was put into the ring.
inline std::uint64_t stamp_ns(const tpacket3_hdr& header) {
  if ((header.tp_status & TP_STATUS_TS_SOFTWARE) == 0) return 0;
  return std::uint64_t{header.tp_sec} * 1'000'000'000 + header.tp_nsec;
}

inline constexpr std::size_t kBackAtOnce = 64;  // frames per system call

// Returns 0 when the thread is to stop, or the errno that ended it.
// Per frame: a walk to its header, two loads and compares of the tag, and the workload. Per block:
// an acquire, a release and four stores. Where no block is there: one system call, the
// pump's and one reading of the TSC if there is a pump, else poll(). Where frames are reflected:
// one sendmmsg() for 64 of them or the rest of a block, which copies them out of the ring.
template <class Workload>
int receive_loop(backends::PollThread& thread, const Ring& ring, const int pump_fd,
                 const udp::TagCheck ours, Workload workload) {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t foreign = 0;
  std::uint64_t empty = 0;
  std::uint32_t at = 0;
  backends::PollTimer timer(pump_fd >= 0);
  std::uint32_t filled = 0;  // frames that the pump has brought into a block that is not full yet
  [[maybe_unused]] std::uint64_t not_sent = 0;
  // With ENOBUFS the device has dropped the frame, and counted it (veth: tx_dropped).
  [[maybe_unused]] backends::SendBatch back(backends::kSendsBack<Workload> ? kBackAtOnce : 0,
                                            ENOBUFS);
  while (!thread.stopping()) {
    tpacket_hdr_v1& block = ring.block(at)->hdr.bh1;
    std::atomic_ref<std::uint32_t> status(block.block_status);
    if ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) {
      thread.counters().store(packets, bytes, foreign, ++empty);
      if (pump_fd >= 0) {
        const std::uint32_t now =
            std::atomic_ref<std::uint32_t>(block.num_pkts).load(std::memory_order_relaxed);
        if (const std::uint32_t frames = now - std::exchange(filled, now); frames == 0)
          thread.counters().add_idle(timer.lap());
        else
          thread.counters().add_busy(timer.found(frames));
        sys::pump(pump_fd);
      } else if (const int error = wait_for_block(ring.fd(), thread.wake_fd()); error != 0) {
        return error;
      }
      continue;
    }
    auto* next = reinterpret_cast<std::uint8_t*>(ring.block(at)) + block.offset_to_first_pkt;
    const std::uint32_t block_frames = block.num_pkts;
    for (std::uint32_t i = 0; i < block_frames; ++i) {
      const auto& header = *reinterpret_cast<const tpacket3_hdr*>(next);
      std::uint8_t* const frame = next + header.tp_mac;
      if (ours.frame(frame, header.tp_snaplen)) {
        ++packets;
        bytes += header.tp_len;
        if constexpr (backends::kIsKernelStamped<Workload>) workload.stamped_at(stamp_ns(header));
        [[maybe_unused]] const backends::Verdict verdict = workload(frame, header.tp_snaplen);
        if constexpr (backends::kSendsBack<Workload>) {
          if (back.full()) not_sent += back.flush(ring.fd());
          if (verdict == backends::Verdict::reflect) back.push({frame, header.tp_snaplen}, nullptr);
        }
      } else {
        ++foreign;
      }
      next += header.tp_next_offset;
    }
    if constexpr (backends::kSendsBack<Workload>) {
      not_sent += back.flush(ring.fd());
      thread.counters().not_sent.store(not_sent, std::memory_order_relaxed);
    }
    status.store(TP_STATUS_KERNEL, std::memory_order_release);
    filled = 0;
    thread.counters().add_busy(timer.found(block_frames));
    thread.counters().store(packets, bytes, foreign, empty);
    if (++at == ring.blocks()) at = 0;
  }
  return 0;
}

}  // namespace pktbench::packet
