// What the testbeds on this host whose packets are real have in common: two CPUs, one for the
// generator and another for the DUT, the clock, the CPU accounting, and the journal of what was
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

// The options by which the CPUs are chosen; -1: they are by themselves.
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
  // A failure leaves the journal for `pktbench restore`.
  Result<void> down() noexcept override;

 protected:
  // Gives each end its CPU. Errors: `refused` where this process has not two; `invalid_input` for a
  // choice that it may not use.
  static Result<void> choose_cpus(const Options& options, const std::string& testbed,
                                  LocalEnd& generator_end, LocalEnd& dut_end);

  // Opens the journal and calls `wire`; undoes all where that fails. From then on the host, its
  // ports and the threads that work for them are watched.
  Result<void> make(const std::function<Result<void>()>& wire);

  std::optional<undo::Journal> journal_;  // from make() to down()
  measure::DisturbanceSources sources_;

 private:
  WallClock clock_;
  std::unique_ptr<CpuMeter> meter_ = measure::make_cpu_meter();
};

}  // namespace pktbench::testbed
