// The receive loop of the af_xdp backend: a template over the workload, so that the compiler sees
// all of it.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "backends/af_xdp/xsk_queue.hpp"
#include "backends/common/poll_thread.hpp"
#include "harness/sys/pump.hpp"

namespace pktbench::af_xdp {

// What to do when the ring is empty.
struct Idle {
  bool block = true;       // sleep in poll() until a frame comes; else spin
  bool busy_poll = false;  // spin, and let the kernel run the queue's NAPI on this thread
  int pump_fd = -1;        // harness/sys/pump.hpp; comes before the other two
  int wake_fd = -1;        // readable: stop

  // Returns 0 or an errno.
  int wait(XskQueue& queue) const {
    if (pump_fd < 0 && block) {
      std::array<pollfd, 2> fds{{{queue.fd(), POLLIN, 0}, {wake_fd, POLLIN, 0}}};
      return poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR ? errno : 0;
    }
    // The driver waits for a call only where it says so: in copy mode never.
    if (busy_poll || xsk_ring_prod__needs_wakeup(&queue.fill())) {
      if (recvfrom(queue.fd(), nullptr, 0, MSG_DONTWAIT, nullptr, nullptr) < 0 && errno != EAGAIN &&
          errno != EBUSY && errno != EINTR)
        return errno;
    }
    sys::pump(pump_fd);
    return 0;
  }
};

// Returns 0 when `thread` is stopping, or the errno that ended it.
// Per batch: one load of the RX ring's producer, one store each to the fill ring's producer and the
// RX ring's consumer, four relaxed stores of counters. Per frame: one load of its descriptor, one
// store into the fill ring, and the workload.
template <class Workload>
int receive_loop(XskQueue& queue, Workload workload, const Idle idle, const std::uint32_t batch,
                 backends::PollThread& thread) {
  xsk_ring_cons* const rx = &queue.rx();
  xsk_ring_prod* const fill = &queue.fill();
  std::uint8_t* const memory = queue.memory();
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t empty = 0;
  while (!thread.stopping()) {
    std::uint32_t from = 0;
    const std::uint32_t count = xsk_ring_cons__peek(rx, batch, &from);
    if (count == 0) {
      thread.counters().store(packets, bytes, 0, ++empty);
      if (const int error = idle.wait(queue)) return error;
      continue;
    }
    std::uint32_t to = 0;
    // The fill ring has room for every frame there is.
    if (xsk_ring_prod__reserve(fill, count, &to) != count) return ENOBUFS;
    for (std::uint32_t i = 0; i < count; ++i) {
      const xdp_desc frame = *xsk_ring_cons__rx_desc(rx, from + i);
      bytes += frame.len;
      // Every verdict ends here: there is no way on, and no TX ring.
      (void)workload(memory + frame.addr, frame.len);
      *xsk_ring_prod__fill_addr(fill, to + i) = frame.addr;  // the kernel drops the offset in it
    }
    packets += count;
    xsk_ring_prod__submit(fill, count);
    // Before the release, so that a frame is never in neither place.
    thread.counters().store(packets, bytes, 0, empty);
    xsk_ring_cons__release(rx, count);
  }
  return 0;
}

}  // namespace pktbench::af_xdp
