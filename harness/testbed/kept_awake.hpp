// Keeps the DUT's CPU awake while it has nothing to do, in one of three ways (option `dut_idle`):
//
//   poll    all CPUs of the host, in the kernel's own idle loop (harness/sys/cpu_latency.hpp)
//   spin    that CPU alone, by a SCHED_IDLE thread (harness/sys/awake_thread.hpp)
//   sleep   not at all
//
// Threads: one controlling thread. Ends with the object, and with the process.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "harness/core/options.hpp"
#include "harness/core/result.hpp"
#include "harness/sys/awake_thread.hpp"
#include "harness/sys/fd.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench::testbed {

OptionSpec dut_idle_option();

class KeptAwake {
 public:
  // `wanted`: of the option. `idles`: the CPU has nothing to do at times, so that "auto" sees to
  // it. Errors: `unsupported` where the kernel cannot poll and is asked to.
  static Result<KeptAwake> open(const std::string& wanted, int cpu, bool idles,
                                undo::Journal& journal);

  // "poll", "spin" or "sleep", as it is.
  const std::string& how() const { return how_; }

  // Those that spin.
  std::vector<pid_t> threads() const {
    return thread_ ? std::vector{thread_->tid()} : std::vector<pid_t>{};
  }

 private:
  KeptAwake() = default;

  std::string how_;
  sys::Fd polling_;  // held while open
  std::shared_ptr<sys::AwakeThread> thread_;
};

}  // namespace pktbench::testbed
