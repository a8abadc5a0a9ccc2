// The receive loop of an lcore: a template over the workload, so that the compiler sees all of it.
#pragma once

#include <poll.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

#include "backends/common/bounded_spin.hpp"
#include "backends/common/loop_counters.hpp"
#include "backends/common/poll_timer.hpp"
#include "backends/common/stamps.hpp"
#include "backends/common/workload.hpp"
#include "backends/dpdk/passed_on.hpp"
#include "backends/dpdk/protocol.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/memory_wire.hpp"
#include "harness/sys/pump.hpp"
#include "harness/sys/spin.hpp"

namespace pktbench::dpdk {

inline constexpr std::uint16_t kMaxBurst = 512;

// Of the backend's queues, where DPDK has it.
struct QueueId {
  std::uint16_t port = 0;
  std::uint16_t queue = 0;
};

struct PollConfig {
  std::span<const QueueId> queues;             // all of the backend's
  std::span<const QueueId> ways_out;           // one each: where its frames are sent
  std::span<backends::LoopCounters> counters;  // one each, written by the lcore that polls it
  std::span<pb_stamps> stamps;                 // the same; none: frames are not stamped
  std::uint16_t first = 0;                     // this lcore's: first, first + stride, ...
  std::uint16_t stride = 1;
  std::uint16_t burst = 32;
  Idle idle = Idle::spin;
  std::uint32_t spin_us = 0;  // before Idle::poll sleeps
  int pump_fd = -1;
  std::span<const int> sockets;  // the driver's, at most kMaxQueues
};

// Takes up to `most` frames and returns how many there were. Per burst: the driver's receive, one
// bulk free, seven loads and five stores of counters, and where it spins one reading of the TSC;
// where frames are sent, the driver's transmit as well. Per frame: the workload and the
// addition of its length.
template <class Workload>
std::uint16_t poll_queue(const QueueId& id, const QueueId& way_out,
                         backends::LoopCounters& counters, backends::PollTimer& timer,
                         Workload& workload, std::uint16_t most) {
  constexpr bool kSends = backends::kSendsBack<Workload> || backends::kForwards<Workload>;
  const PassedOn frames_passed_on;
  std::array<rte_mbuf*, kMaxBurst> frames;
  const std::uint16_t count = rte_eth_rx_burst(id.port, id.queue, frames.data(), most);
  if (count == 0) return 0;
  const backends::LoopCounts before = counters.load();
  std::uint64_t bytes = before.bytes;
  std::uint16_t to_send = 0;
  for (std::uint16_t i = 0; i < count; ++i) {
    bytes += rte_pktmbuf_pkt_len(frames[i]);
    [[maybe_unused]] const backends::Verdict verdict =
        workload(rte_pktmbuf_mtod(frames[i], std::uint8_t*), rte_pktmbuf_data_len(frames[i]));
    if constexpr (kSends)
      if (verdict == backends::Verdict::reflect || verdict == backends::Verdict::forward)
        std::swap(frames[to_send++], frames[i]);
  }
  std::uint16_t sent = 0;
  if constexpr (kSends) {
    if (to_send > 0) sent = rte_eth_tx_burst(way_out.port, way_out.queue, frames.data(), to_send);
    if (sent < to_send)
      counters.not_sent.store(before.not_sent + to_send - sent, std::memory_order_relaxed);
  }
  rte_pktmbuf_free_bulk(frames.data() + sent, count - sent);
  counters.add_busy(timer.found(count));
  counters.store(before.packets + count, bytes, 0, 0);
  return count;
}

// Until `stop`. A round that returned nothing costs one system call, or none where it spins, and
// there a reading of the TSC. What the pump takes is part of the next round.
template <class Workload>
void poll_loop(const PollConfig& config, Workload& workload, const std::atomic<bool>& stop) {
  constexpr int kLookUpMs = 10;  // for `stop`
  std::array<pollfd, kMaxQueues> sockets{};
  for (std::size_t i = 0; i < config.sockets.size(); ++i)
    sockets[i] = {config.sockets[i], POLLIN, 0};
  backends::BoundedSpin spin(config.spin_us);
  backends::PollTimer timer(spins(config.idle, config.spin_us));
  backends::LoopCounters& first = config.counters[config.first];
  while (!stop.load(std::memory_order_relaxed)) {
    bool idle = true;
    for (std::size_t i = config.first; i < config.queues.size(); i += config.stride) {
      if constexpr (backends::kIsStamped<Workload>) workload.record_in(config.stamps[i]);
      if (poll_queue(config.queues[i], config.ways_out[i], config.counters[i], timer, workload,
                     config.burst) > 0)
        idle = false;
    }
    if (!idle) {
      spin.found();
      continue;
    }
    switch (config.idle) {
      case Idle::spin:
        sys::spin_once();
        first.add_idle(timer.lap());
        break;
      case Idle::poll: {
        const bool again = spin.look_again(sys::monotonic_ns);
        if (again) sys::spin_once();
        first.add_idle(timer.lap());
        if (again) break;
        (void)poll(sockets.data(), config.sockets.size(), kLookUpMs);
        timer.restart();
        break;
      }
      case Idle::yield:
        sched_yield();
        first.add_idle(timer.lap());
        break;
      case Idle::pump:
        first.add_idle(timer.lap());
        sys::pump(config.pump_fd);
        break;
    }
  }
}

// For a driver that makes a frame whenever it is asked for one: polls only while the wire's gate is
// open, and says how many the driver counts to have made. One lcore, one queue.
template <class Workload>
void poll_when_ordered(const PollConfig& config, Workload& workload, sys::MemoryWire& wire,
                       const std::atomic<bool>& stop) {
  constexpr useconds_t kRestUs = 50;
  wire.self_made.store(true, std::memory_order_relaxed);
  wire.ready.store(true, std::memory_order_release);
  const QueueId id = config.queues.front();
  while (!stop.load(std::memory_order_relaxed)) {
    const std::uint64_t order = wire.orders.load(std::memory_order_acquire);
    if (order == wire.served.load(std::memory_order_relaxed)) {
      usleep(kRestUs);
      continue;
    }
    std::uint64_t left = wire.limit.load(std::memory_order_relaxed);
    if (left == std::numeric_limits<std::uint64_t>::max()) {
      poll_loop(config, workload, wire.shut);
    } else {
      backends::PollTimer timer(spins(config.idle, config.spin_us));
      while (left > 0 && !wire.shut.load(std::memory_order_relaxed))
        left -= poll_queue(id, id, config.counters.front(), timer, workload,
                           static_cast<std::uint16_t>(std::min<std::uint64_t>(config.burst, left)));
    }
    rte_eth_stats stats{};
    (void)rte_eth_stats_get(id.port, &stats);
    wire.since_open.store(stats.ipackets - wire.packets.load(std::memory_order_relaxed),
                          std::memory_order_relaxed);
    wire.packets.store(stats.ipackets, std::memory_order_relaxed);
    wire.served.store(order, std::memory_order_release);
  }
}

}  // namespace pktbench::dpdk
