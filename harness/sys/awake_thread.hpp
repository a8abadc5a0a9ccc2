// A thread of policy SCHED_IDLE that spins on one CPU, so that this CPU does not sleep while it has
// nothing to do: for kernels that cannot poll when they are idle (harness/sys/cpu_latency.hpp).
// It gives the CPU away once a microsecond. It ends with the process.
//
// Threads in another scheduling group of the kernel's count as a group's equals, whatever their
// policy: it should be in the group of those that it is to give way to.
//
// Threads: one controlling thread.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <thread>

#include "harness/core/result.hpp"

namespace pktbench::sys {

class AwakeThread {
 public:
  // One per CPU and process: whoever asks while it is there has the same one, for it is to keep the
  // CPU awake, and two of them would each be in the other's way. Errors: this process may not run
  // on `cpu`.
  static Result<std::shared_ptr<AwakeThread>> on(int cpu);

  // Stops it within microseconds, also where others are busy on its CPU.
  ~AwakeThread();

  pid_t tid() const { return tid_; }

 private:
  AwakeThread() = default;

  std::atomic<bool> stop_{false};
  pid_t tid_ = 0;
  std::thread thread_;
};

}  // namespace pktbench::sys
