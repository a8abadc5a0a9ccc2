// What a receive loop counts, for others to read while it runs.
#pragma once

#include <atomic>
#include <cstdint>

#include "harness/core/counters.hpp"

namespace pktbench::backends {

// Of a loop at one moment. All but `packets` may be newer, and never older: once the last packet is
// in `packets`, all else of it is there too.
struct LoopCounts {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t foreign = 0;
  std::uint64_t not_sent = 0;
  PollTicks polls = {};
};

// Writer: the loop, after each batch, `packets` last. Readers: any, by load().
struct alignas(64) LoopCounters {
  std::atomic<std::uint64_t> packets{0};
  std::atomic<std::uint64_t> bytes{0};  // without FCS
  std::atomic<std::uint64_t> foreign{0};
  std::atomic<std::uint64_t> empty_polls{0};  // polls that returned nothing
  std::atomic<std::uint64_t> not_sent{0};     // to be sent back, and refused by the kernel
  std::atomic<std::uint64_t> busy_ticks{0};   // as PollTicks
  std::atomic<std::uint64_t> idle_ticks{0};

  void store(std::uint64_t p, std::uint64_t b, std::uint64_t f, std::uint64_t e) {
    bytes.store(b, std::memory_order_relaxed);
    foreign.store(f, std::memory_order_relaxed);
    empty_polls.store(e, std::memory_order_relaxed);
    packets.store(p, std::memory_order_release);
  }
  // For the loop; before the packets that the poll returned are stored.
  void add_busy(std::uint64_t ticks) { add(busy_ticks, ticks); }
  void add_idle(std::uint64_t ticks) { add(idle_ticks, ticks); }

  LoopCounts load() const {
    LoopCounts now{.packets = packets.load(std::memory_order_acquire)};
    now.bytes = bytes.load(std::memory_order_relaxed);
    now.foreign = foreign.load(std::memory_order_relaxed);
    now.not_sent = not_sent.load(std::memory_order_relaxed);
    now.polls.busy = busy_ticks.load(std::memory_order_relaxed);
    now.polls.idle = idle_ticks.load(std::memory_order_relaxed);
    return now;
  }

 private:
  static void add(std::atomic<std::uint64_t>& to, std::uint64_t ticks) {
    to.store(to.load(std::memory_order_relaxed) + ticks, std::memory_order_relaxed);
  }
};
static_assert(sizeof(LoopCounters) == 64, "on one cache line");

}  // namespace pktbench::backends
