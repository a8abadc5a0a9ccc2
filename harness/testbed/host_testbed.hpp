// What the testbeds on this host whose packets are real have in common: CPUs, one for the generator
// and others for the DUT's queues, the clock, the CPU accounting, and the journal of what was
// changed.
//
// Threads: one controlling thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/registry.hpp"
#include "harness/measure/cpu_meter.hpp"
#include "harness/measure/disturbance.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench::testbed {

// Why this process cannot build a testbed on two CPUs; empty: it can.
std::string probe_two_cpus();

// The options by which the CPUs are chosen (cpu_choice.hpp).
OptionSpec generator_cpu_option();
OptionSpec dut_cpu_option(std::string help);

class WallClock final : public Clock {
 public:
  std::uint64_t now_ns() override { return sys::monotonic_ns(); }
  ClockReading read() override { return sys::read_two_clocks(); }
  std::string reference() const override { return sys::reference_clock(); }
  // A signal ends the sleep at once when its handler has set `stop`.
  void sleep_ns(std::uint64_t ns, const StopFlag& stop) override;
};

class HostTestbed : public Testbed {
 public:
  ~HostTestbed() override { (void)HostTestbed::down(); }
  Clock& clock() override { return clock_; }
  CpuMeter& cpu_meter() override { return *meter_; }
  std::vector<DisturbanceSource*> disturbances() override;
  Result<void> use_queues(unsigned queues) override;
  // A failure leaves the journal for `pktbench restore`.
  Result<void> down() noexcept override;

 protected:
  // Gives the generator's end its CPU, and the DUT's the least of `queues` and a CPU for each of
  // the most, as far as there are. Errors: `refused` where this process has not two;
  // `invalid_input` for a choice that it may not use.
  Result<void> choose_cpus(const Options& options, const std::string& testbed, QueueRange queues,
                           LocalEnd& generator_end, LocalEnd& dut_end);

  // The DUT's end has another number of queues than its device. REQUIRES: up() succeeded.
  virtual Result<void> make_queues() { return {}; }

  // Opens the journal and calls `wire`; undoes all where that fails. From then on the host, its
  // ports and the threads that work for them are watched.
  Result<void> make(const std::function<Result<void>()>& wire);

  std::optional<undo::Journal> journal_;  // from make() to down()
  measure::DisturbanceSources sources_;

 private:
  LocalEnd* dut_end_ = nullptr;
  std::vector<int> dut_cpus_;     // all that were chosen
  bool queues_are_made_ = false;  // as many as the DUT's end has
  WallClock clock_;
  std::unique_ptr<CpuMeter> meter_ = measure::make_cpu_meter();
};

}  // namespace pktbench::testbed
