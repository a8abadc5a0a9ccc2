// The method `throughput`: one trial at one offered rate.
//
//   start backend -> read back its mode -> confirm that frames arrive -> warm up -> shut the gate
//   and drain -> read all counters -> window (gate open) -> shut the gate, drain -> read all
//   counters
//
// The gate is shut and the wire empty at both ends of the window, so that every frame offered in it
// is received or dropped in it and conservation is exact. The pause between warm-up and window is a
// few milliseconds.
#pragma once

#include <cstdint>
#include <string>

#include "harness/core/backend.hpp"
#include "harness/core/clock.hpp"
#include "harness/core/result.hpp"
#include "harness/core/testbed.hpp"
#include "harness/core/traffic.hpp"
#include "harness/core/trial.hpp"

namespace pktbench::method {

struct TrialParties {
  Testbed& testbed;
  Backend& backend;
  TrafficSource& traffic;
  CpuMeter* meter = nullptr;  // null: not available, for the reason below
  std::string meter_missing;
  bool bpf_stats = false;  // see TrialPlan: this is such a trial
};

// Index, round and started_at are left to the caller. Errors: `unsupported` (the backend's reason,
// or that it has no BPF program to account for), `interrupted`, `failed`. Everything is stopped
// when it returns; a trial that breaks conservation is no error but a record with status `invalid`.
Result<TrialRecord> run_trial(const CaseSpec& spec, const TrialPlan& plan, std::uint32_t tag,
                              TrialParties& parties, const StopFlag& stop);

}  // namespace pktbench::method
