// From two CPU samples to what the DUT was charged, and from the evidence to who set the limit.
// Pure functions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/cpu.hpp"
#include "harness/core/trial.hpp"

namespace pktbench::method {

// Which CPUs belong to whom.
struct CpuOwners {
  std::vector<int> dut;
  std::vector<int> generator;
  std::vector<int> dut_softirq;      // where network softirqs work for the DUT
  bool dut_interrupts = false;       // and devices' interrupts as well
  std::vector<int> idle_spins = {};  // CPUs that a thread of ours keeps awake, as a user
};

struct DutCharge {
  double ns = 0;                  // application, NAPI threads and network softirqs of the DUT
  double application_ns = 0;      // of that the application
  std::optional<double> cycles;   // the same by PMU
  double application_cycles = 0;  // of that the application
};

// REQUIRES: both samples are of the same CPUs, in the same order, `before` first.
DutCharge charge_dut(const CpuSample& before, const CpuSample& after, const CpuOwners& owners);

std::vector<CpuUsage> cpu_usage(const CpuSample& before, const CpuSample& after,
                                const CpuOwners& owners);

// Sets the record's rates and what of its load was lost. `in_window`: packets received while the
// gate was open; `frame_size`: their mean. REQUIRES: it is counted, and has its duration.
void set_rates(const Port& dut, double frame_size, std::uint64_t in_window, TrialRecord& record);

// The share of the application's time that its packets took, 0 to 1: all but what it polled in
// vain, and at least the polls that returned frames. (Whatever interrupts a poll is in the poll's
// ticks and not in the application's time, and most of it comes while the loop has nothing to do.)
double busy_share(double application_ns, const PollTicks& polls, double tsc_hz);

// Sets what the record has by CPU time: usage, ns and cycles per packet of `packets`, and where
// cycles come from, or why there are none. `polls`: of those packets; none where no loop spins.
// REQUIRES: as above; `meter` took the samples.
void charge_record(const CpuSample& before, const CpuSample& after, const CpuOwners& owners,
                   const CpuMeter& meter, std::uint64_t packets,
                   const std::optional<PollTicks>& polls, TrialRecord& record);

// Names why the record has no cost.
void no_cost(TrialRecord& record, const std::string& why);

// What the limiter is judged by. Busy shares are 0 to 1 and absent where CPU time was not measured.
struct LimiterEvidence {
  std::optional<double> dut_busy;           // the busiest of the DUT's CPUs
  std::optional<double> generator_busy;     // the busiest of the generator's
  double refused = 0;                       // share of attempts that the device had no room for
  double lost = 0;                          // frames that were not received, of those offered
  std::optional<double> offered_of_target;  // achieved rate / target rate; absent at maximum rate
  double generator_cpu_for_dut = 0;  // share of a generator's CPU that the DUT's softirqs had
  std::optional<double> offered_of_line = {};  // offered rate / line rate, where that is known
  double lost_unnamed = 0;                     // the part of `lost` that no place counted
  double dut_foreign = 0;                      // others' share of the DUT's CPU where they had most
  bool on_wire = false;  // the sender's device is not the DUT's own: what it refuses is its affair
  bool paused = false;   // the receiving port held the sender by pause frames

  // A CPU of the DUT has no time left, and not for others' sake.
  bool dut_full() const;
};

LimiterEvidence limiter_evidence(const TrialRecord& trial, const CpuOwners& owners);

// Of the CPUs that work for the DUT, the one that others used most: the share of the window that
// foreign tasks and softirqs that are not the DUT's had, what devices' interrupts had, and what the
// hypervisor took (in 10 ms steps; 0 where the kernel does not say).
struct Disturbance {
  int cpu = -1;  // -1: CPU time was not measured
  double foreign = 0;
  double interrupts = 0;
  double steal = 0;

  // What the hypervisor took was charged to whoever had the CPU, so that the two may overlap.
  double share() const { return std::min(1.0, foreign + interrupts + steal); }
};
Disturbance worst_disturbance(const std::vector<CpuUsage>& cpus, const CpuOwners& owners);

// Frames that a paced generator did not send in time, and what others had of the busiest of its
// CPUs: foreign tasks, and what the hypervisor took.
struct Starvation {
  int cpu = -1;  // -1: CPU time was not measured
  double others = 0;
  double unsent = 0;  // share of the frames that were due
};
Starvation generator_starvation(const TrialRecord& trial);

// link: (nearly) no frame was lost and the link was full, or pause frames held the sender: that is
// a lower bound for the DUT, whose port asked for it, and its own limit is seen only without them.
// dut: frames were lost at places of the DUT, or refused by a device that hands them to it at once,
// and others did not have most of its CPU; without a CPU that had no time left it is how the DUT is
// woken that limits it. Or no place counted the loss, and a CPU of the DUT had no time left. Or a
// generator's CPU had none, and most of it went into the DUT's softirqs. generator: (nearly) none
// were lost, and either the target rate was reached, its port on a wire had no room, or its CPU had
// no time left. Else unknown.
Limiter judge_limiter(const LimiterEvidence& evidence);

}  // namespace pktbench::method
