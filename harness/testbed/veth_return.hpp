// The way back across the veth pair, for workloads that send frames back.
//
// Frames sent back by the DUT's end need NAPI at the generator's, which the sink's XDP program
// gives it. That NAPI runs in threads on the generator's CPU, so that taking the frames is the
// generator's work; what the DUT pays is to put them into the ring and to wake the thread. The
// threads are SCHED_FIFO: the ring has 256 slots, and a generator that is always busy would
// otherwise keep the CPU for milliseconds.
//
// Threads: one controlling thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "harness/core/port.hpp"
#include "harness/core/result.hpp"
#include "harness/core/return_sink.hpp"

namespace pktbench::testbed {

class VethReturn {
 public:
  // REQUIRES: both ends are up; they outlive this.
  static Result<std::unique_ptr<VethReturn>> open(std::unique_ptr<ReturnSink> sink,
                                                  const Port& generator, const Port& dut,
                                                  std::uint32_t trial_tag);

  const std::vector<pid_t>& threads() const { return threads_; }
  std::uint32_t program() const { return sink_->program(); }

  // Monotonic since open().
  Result<Returned> sample();

 private:
  VethReturn(std::unique_ptr<ReturnSink> sink, const Port& generator, const Port& dut)
      : sink_(std::move(sink)), generator_(generator), dut_(dut) {}
  Result<DropCounts> drops() const;

  std::unique_ptr<ReturnSink> sink_;
  const Port& generator_;
  const Port& dut_;
  std::vector<pid_t> threads_;
  DropCounts before_;
};

}  // namespace pktbench::testbed
