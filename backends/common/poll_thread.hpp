// The thread of a polling backend: pinned to a CPU of the port, in the port's namespace, with the
// counters that its loop writes and the flag that ends it. The loop itself is the backend's own
// template over its workload, so that the compiler sees all of it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "harness/core/port.hpp"
#include "harness/core/result.hpp"

namespace pktbench::backends {

// Writer: the loop's thread, with relaxed stores after each batch. Readers: any.
struct alignas(64) LoopCounters {
  std::atomic<std::uint64_t> packets{0};
  std::atomic<std::uint64_t> bytes{0};  // without FCS
  std::atomic<std::uint64_t> foreign{0};
  std::atomic<std::uint64_t> empty_polls{0};  // polls that returned nothing
  std::atomic<std::uint64_t> not_sent{0};     // to be sent back, and refused by the kernel

  void store(std::uint64_t p, std::uint64_t b, std::uint64_t f, std::uint64_t e) {
    packets.store(p, std::memory_order_relaxed);
    bytes.store(b, std::memory_order_relaxed);
    foreign.store(f, std::memory_order_relaxed);
    empty_polls.store(e, std::memory_order_relaxed);
  }
};

// Threads: one controlling thread starts, stops and reads it.
class PollThread {
 public:
  // Receives until stopping() and returns 0, or the errno that ended it.
  using Loop = std::function<int(PollThread&)>;

  PollThread() = default;
  PollThread(const PollThread&) = delete;
  PollThread& operator=(const PollThread&) = delete;
  ~PollThread() { stop(); }

  // Runs `loop` on CPU `cpu`, in the port's namespace; returns when the thread is there, before its
  // first poll.
  Result<void> start(const Port& port, int cpu, Loop loop);

  // Sets the flag, calls `wake` for a loop that may be blocked, and joins. Idempotent.
  void stop(const std::function<void()>& wake = {}) noexcept;

  bool running() const { return thread_.joinable(); }
  pid_t tid() const { return tid_; }
  // The errno that ended the loop; 0: none.
  int error() const { return error_.load(std::memory_order_acquire); }

  // For the loop: one relaxed load.
  bool stopping() const { return stop_.load(std::memory_order_relaxed); }
  LoopCounters& counters() { return counters_; }
  const LoopCounters& counters() const { return counters_; }

 private:
  std::thread thread_;
  pid_t tid_ = 0;
  std::atomic<int> error_{0};
  LoopCounters counters_;
  // Writer: the controlling thread.
  alignas(64) std::atomic<bool> stop_{false};
};

}  // namespace pktbench::backends
