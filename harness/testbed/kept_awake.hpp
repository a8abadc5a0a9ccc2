// Keeps the DUT's CPUs awake while they have nothing to do, in one of three ways (option
// `dut_idle`):
//
//   poll    all CPUs of the host, in the kernel's own idle loop (harness/sys/cpu_latency.hpp)
//   spin    those alone, by a SCHED_IDLE thread each (harness/sys/awake_thread.hpp)
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
  // `wanted`: of the option. `idle`: the CPUs have nothing to do at times, so that "auto" sees to
  // it. Errors: `unsupported` where the kernel cannot poll and is asked to.
  static Result<KeptAwake> open(const std::string& wanted, const std::vector<int>& cpus, bool idle,
                                undo::Journal& journal);

  // "poll", "spin" or "sleep", as it is.
  const std::string& how() const { return how_; }

  // Those that spin.
  std::vector<pid_t> threads() const;

 private:
  KeptAwake() = default;

  std::string how_;
  sys::Fd polling_;  // held while open
  std::vector<std::shared_ptr<sys::AwakeThread>> threads_;
};

}  // namespace pktbench::testbed
