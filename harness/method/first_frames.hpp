// The first frames of a session, which overload nothing and so show what is wrong: a program on the
// wrong queue or device must be found here, and not show as a slow path.
//
// Threads: one controlling thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/core/end.hpp"
#include "harness/core/result.hpp"
#include "harness/core/testbed.hpp"
#include "harness/core/trial.hpp"
#include "harness/method/snapshot.hpp"

namespace pktbench::method {

using QueueCounts = std::vector<std::uint64_t>;

// Where a loss need not be named, a backend that misses frames must be found by a few of them.
Result<void> nothing_unnamed(const std::string& backend, const Snapshot& before,
                             const Snapshot& after, std::uint64_t tolerance);

// Of as many frames as each queue should have had some: a queue without one is one that nobody
// reads. `who` counts on the port `dut`; without counts nothing is known.
Result<void> every_queue_counts(const std::string& who, const std::string& dut,
                                const QueueCounts& before, const QueueCounts& after,
                                std::uint32_t queues);

class FirstFrames {
 public:
  // Reads what the DUT's device has counted so far. `taker`: the end that takes what the workload
  // sends. All outlive it.
  FirstFrames(const CaseSpec& spec, const Testbed& testbed, const End& taker);

  // Frames to send: with enough flows for each queue to have had some.
  std::uint64_t number() const;

  // `all_sent`: as many as number() went out. `hint`: what to look at when none arrives; empty:
  // nothing is known.
  Result<void> judge(const Snapshot& before, const Snapshot& after, bool all_sent,
                     std::uint64_t tolerance, const std::string& hint) const;

 private:
  Result<void> arrived(const Snapshot& before, const Snapshot& after,
                       const std::string& hint) const;
  // REQUIRES: both have `returned`.
  Result<void> come_back(const Snapshot& before, const Snapshot& after) const;
  Result<void> reach_every_queue(const Snapshot& before, const Snapshot& after) const;

  const CaseSpec& spec_;
  const Testbed& testbed_;
  const End& taker_;
  const std::string dut_;  // the port's name
  bool every_queue_ = false;
  QueueCounts at_device_;
};

}  // namespace pktbench::method
