// The receive loop of an lcore: a template over the workload, so that the compiler sees all of it.
#pragma once

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <sched.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "harness/sys/pump.hpp"

namespace pktbench::dpdk {

inline constexpr std::uint16_t kMaxBurst = 512;

// Writer: the one lcore that polls the queue, with relaxed stores after each burst. Readers: any.
struct alignas(64) QueueCounters {
  std::atomic<std::uint64_t> packets{0};
  std::atomic<std::uint64_t> bytes{0};  // without FCS
};

struct PollConfig {
  std::uint16_t port = 0;
  std::uint16_t first_queue = 0;  // this lcore's queues: first, first + stride, ...
  std::uint16_t stride = 1;
  std::uint16_t burst = 32;
  int pump_fd = -1;
  bool yield = false;
  std::span<QueueCounters> queues;  // all of the port's
};

// Per burst: the driver's receive, one bulk free and two relaxed stores. Per frame: the workload
// and the addition of its length. A round that returned nothing pumps NAPI, or gives the CPU to a
// NAPI thread that shares it, or does nothing.
template <class Workload>
void poll_loop(const PollConfig& config, Workload workload, const std::atomic<bool>& stop) {
  std::array<rte_mbuf*, kMaxBurst> frames;
  while (!stop.load(std::memory_order_relaxed)) {
    bool idle = true;
    for (std::size_t queue = config.first_queue; queue < config.queues.size();
         queue += config.stride) {
      const std::uint16_t count = rte_eth_rx_burst(config.port, static_cast<std::uint16_t>(queue),
                                                   frames.data(), config.burst);
      if (count == 0) continue;
      idle = false;
      QueueCounters& counters = config.queues[queue];
      std::uint64_t bytes = counters.bytes.load(std::memory_order_relaxed);
      for (std::uint16_t i = 0; i < count; ++i) {
        bytes += rte_pktmbuf_pkt_len(frames[i]);
        workload(rte_pktmbuf_mtod(frames[i], std::uint8_t*), rte_pktmbuf_data_len(frames[i]));
      }
      rte_pktmbuf_free_bulk(frames.data(), count);
      counters.packets.store(counters.packets.load(std::memory_order_relaxed) + count,
                             std::memory_order_relaxed);
      counters.bytes.store(bytes, std::memory_order_relaxed);
    }
    if (!idle) continue;
    if (config.pump_fd >= 0)
      sys::pump(config.pump_fd);
    else if (config.yield)
      sched_yield();
  }
}

}  // namespace pktbench::dpdk
