// The receive loop of the af_xdp backend: a template over the workload, so that the compiler sees
// all of it.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "backends/af_xdp/xsk_queue.hpp"
#include "backends/common/bounded_spin.hpp"
#include "backends/common/poll_thread.hpp"
#include "backends/common/poll_timer.hpp"
#include "backends/common/workload.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/pump.hpp"
#include "harness/sys/spin.hpp"

namespace pktbench::af_xdp {

// What to do when the ring is empty.
struct Idle {
  bool block = true;          // sleep in poll() until a frame comes; else spin
  std::uint32_t spin_us = 0;  // before it sleeps
  bool busy_poll = false;     // spin, and let the kernel run the queue's NAPI on this thread
  int pump_fd = -1;           // harness/sys/pump.hpp; comes before the other two

  // The loop looks at an empty ring more than once.
  bool spins() const { return pump_fd >= 0 || !block || spin_us > 0; }

  // Its wake_fd() readable: stop. `sending`: frames are with the kernel, whose return wakes nobody.
  // What brings frames, the pump or a busy poll, is part of the next poll. Returns 0 or an errno.
  int wait(XskQueue& queue, backends::PollThread& thread, backends::BoundedSpin& spin,
           backends::PollTimer& timer, bool sending) const {
    if (pump_fd < 0 && block && !spin.look_again(sys::monotonic_ns)) {
      thread.counters().add_idle(timer.lap());
      std::array<pollfd, 2> fds{{{queue.fd(), POLLIN, 0}, {thread.wake_fd(), POLLIN, 0}}};
      const int timeout_ms = sending ? 1 : -1;
      const int error = poll(fds.data(), fds.size(), timeout_ms) < 0 && errno != EINTR ? errno : 0;
      timer.restart();
      return error;
    }
    const bool brings_frames = busy_poll || pump_fd >= 0;
    if (brings_frames) thread.counters().add_idle(timer.lap());
    // The driver waits for a call only where it says so: in copy mode never.
    if (busy_poll || xsk_ring_prod__needs_wakeup(&queue.fill())) {
      if (recvfrom(queue.fd(), nullptr, 0, MSG_DONTWAIT, nullptr, nullptr) < 0 && errno != EAGAIN &&
          errno != EBUSY && errno != EINTR)
        return errno;
    }
    if (pump_fd >= 0)
      sys::pump(pump_fd);
    else if (!busy_poll)
      sys::spin_once();
    if (!brings_frames) thread.counters().add_idle(timer.lap());
    return 0;
  }
};

// The way back out of a queue with a TX ring, or on out of another device.
class Reflector {
 public:
  explicit Reflector(XskQueue& queue) : queue_(queue) {}

  // Returns false where the ring has no room, which cannot be.
  bool push(const xdp_desc& frame) {
    std::uint32_t at = 0;
    if (xsk_ring_prod__reserve(&queue_.tx(), 1, &at) != 1) return false;
    xdp_desc* const slot = xsk_ring_prod__tx_desc(&queue_.tx(), at);
    slot->addr = frame.addr;
    slot->len = frame.len;
    slot->options = 0;
    ++pushed_;
    return true;
  }

  bool outstanding() const { return outstanding_ + pushed_ != 0; }

  // Sends what was pushed and takes sent frames back into the fill ring. Returns 0 or an errno.
  // In copy mode the kernel sends up to 32 frames a call, and only in a call.
  int turn() {
    xsk_ring_prod* const tx = &queue_.tx();
    xsk_ring_prod__submit(tx, pushed_);
    outstanding_ += pushed_;
    pushed_ = 0;
    if (xsk_prod_nb_free(tx, tx->size) < tx->size && xsk_ring_prod__needs_wakeup(tx) &&
        sendto(queue_.tx_fd(), nullptr, 0, MSG_DONTWAIT, nullptr, 0) < 0 && errno != EAGAIN &&
        errno != EBUSY && errno != ENOBUFS && errno != EINTR)
      return errno;
    std::uint32_t from = 0;
    const std::uint32_t count =
        xsk_ring_cons__peek(&queue_.completion(), static_cast<std::uint32_t>(outstanding_), &from);
    if (count == 0) return 0;
    std::uint32_t to = 0;
    if (xsk_ring_prod__reserve(&queue_.fill(), count, &to) != count) return ENOBUFS;
    for (std::uint32_t i = 0; i < count; ++i)
      *xsk_ring_prod__fill_addr(&queue_.fill(), to + i) =
          *xsk_ring_cons__comp_addr(&queue_.completion(), from + i);
    xsk_ring_prod__submit(&queue_.fill(), count);
    xsk_ring_cons__release(&queue_.completion(), count);
    outstanding_ -= count;
    return 0;
  }

  // Frames that the kernel has not taken out of the TX ring: it wants another call.
  bool unsent() { return xsk_prod_nb_free(&queue_.tx(), queue_.tx().size) < queue_.tx().size; }

 private:
  XskQueue& queue_;
  std::uint32_t pushed_ = 0;
  std::uint32_t outstanding_ = 0;
};

// Returns 0 when `thread` is stopping, or the errno that ended it. Frames to be reflected or
// forwarded are, where the queue has a TX ring. Per batch: one load of the RX ring's producer, one
// store each to the fill ring's producer and the RX ring's consumer, four stores of counters. Per
// frame: one load of its descriptor, one store into the fill or the TX ring, and the workload.
// Where frames are sent, a system call for each 32 in copy mode. Where it spins, one reading of the
// TSC a poll.
template <class Workload>
int receive_loop(XskQueue& queue, Workload workload, const Idle idle, const std::uint32_t batch,
                 backends::PollThread& thread) {
  xsk_ring_cons* const rx = &queue.rx();
  xsk_ring_prod* const fill = &queue.fill();
  std::uint8_t* const memory = queue.memory();
  const bool transmit = queue.transmits();
  Reflector reflector(queue);
  backends::BoundedSpin spin(idle.spin_us);
  backends::PollTimer timer(idle.spins());
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t empty = 0;
  while (!thread.stopping()) {
    if (reflector.outstanding()) {
      if (const int error = reflector.turn()) return error;
      thread.counters().add_busy(timer.lap());
    }
    std::uint32_t from = 0;
    const std::uint32_t count = xsk_ring_cons__peek(rx, batch, &from);
    if (count == 0) {
      thread.counters().store(packets, bytes, 0, ++empty);
      if (reflector.outstanding() && reflector.unsent()) continue;
      if (const int error = idle.wait(queue, thread, spin, timer, reflector.outstanding()))
        return error;
      continue;
    }
    spin.found();
    std::uint32_t recycled = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const xdp_desc frame = *xsk_ring_cons__rx_desc(rx, from + i);
      bytes += frame.len;
      const backends::Verdict verdict = workload(memory + frame.addr, frame.len);
      const bool goes_on =
          verdict == backends::Verdict::reflect || verdict == backends::Verdict::forward;
      if (goes_on && transmit) {
        if (!reflector.push(frame)) return ENOBUFS;
        continue;
      }
      // Dropped; there is no way on for what passes. The fill ring has room for every frame there
      // is, and the kernel ignores the offset in the address.
      std::uint32_t to = 0;
      if (xsk_ring_prod__reserve(fill, 1, &to) != 1) return ENOBUFS;
      *xsk_ring_prod__fill_addr(fill, to) = frame.addr;
      ++recycled;
    }
    packets += count;
    xsk_ring_prod__submit(fill, recycled);
    thread.counters().add_busy(timer.found(count));
    // Before the release, so that a frame is never in neither place.
    thread.counters().store(packets, bytes, 0, empty);
    xsk_ring_cons__release(rx, count);
  }
  return 0;
}

}  // namespace pktbench::af_xdp
