// The thread of a polling backend: pinned to a CPU of the port, in the port's namespace, with the
// counters that its loop writes and the flag that ends it. The loop itself is the backend's own
// template over its workload, so that the compiler sees all of it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "backends/common/loop_counters.hpp"
#include "harness/core/port.hpp"
#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::backends {

// Threads: one controlling thread starts, stops and reads it.
class PollThread {
 public:
  // Receives until stopping() and returns 0, or the errno that ended it.
  using Loop = std::function<int(PollThread&)>;

  ~PollThread() { stop(); }

  // Runs `loop` on CPU `cpu`, in the port's namespace; returns when the thread is there, before its
  // first poll.
  Result<void> start(const Port& port, int cpu, Loop loop);

  // Sets the flag, makes wake_fd() readable and calls `wake`, for a loop that may be blocked, and
  // joins. Idempotent.
  void stop(const std::function<void()>& wake = {}) noexcept;

  bool running() const { return thread_.joinable(); }
  pid_t tid() const { return tid_; }
  // The errno that ended the loop; 0: none.
  int error() const { return error_.load(std::memory_order_acquire); }

  // For the loop: an eventfd, readable from stop() on.
  int wake_fd() const { return wake_.get(); }
  // For the loop: one relaxed load.
  bool stopping() const { return stop_.load(std::memory_order_relaxed); }
  LoopCounters& counters() { return counters_; }
  const LoopCounters& counters() const { return counters_; }

 private:
  std::thread thread_;
  pid_t tid_ = 0;
  sys::Fd wake_;
  std::atomic<int> error_{0};
  LoopCounters counters_;
  // Writer: the controlling thread.
  alignas(64) std::atomic<bool> stop_{false};
};

}  // namespace pktbench::backends
