// A session: one case attached, settled and confirmed, on which any number of loads can be
// measured.
//
//   open:    start backend -> read back its mode -> start traffic source, gate shut -> watch the
//            idle link -> confirm that frames arrive and every queue counts -> baseline of all
//            counters
//   measure: warm up -> shut the gate and drain -> read all counters -> window (gate open) -> shut
//            the gate, drain -> read all counters -> conservation, condition, disturbance, limiter
//   close:   stop the source before the backend detaches
//
// The gate is shut and the wire empty at both ends of a window, so that every frame offered in it
// is received or dropped in it and conservation is exact. The pause between warm-up and window is a
// few milliseconds.
//
// Threads: one controlling thread. Nothing is read while a window is open.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "harness/core/backend.hpp"
#include "harness/core/clock.hpp"
#include "harness/core/result.hpp"
#include "harness/core/testbed.hpp"
#include "harness/core/traffic.hpp"
#include "harness/core/trial.hpp"

namespace pktbench::method {

// Rates while a trial is on, between its windows: no result.
struct Tick {
  const char* phase = "";  // "warm-up"
  double offered_pps = 0;
  double received_pps = 0;
};

struct SessionParties {
  Testbed& testbed;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<TrafficSource> traffic;
  CpuMeter* meter = nullptr;  // null: not available, for the reason below
  std::string meter_missing;
  bool bpf_stats = false;  // with the kernel's statistics of the backend's BPF programs on
  std::function<void(const Tick&)> on_tick = {};
  std::function<void()> on_window = {};  // it is about to open: what must end before it ends now
};

class Session {
 public:
  // `spec`, the testbed and `stop` outlive it; `tag` is stamped into its frames. `plan`: the load
  // and the rules that its first frames are sent by. Errors: `unsupported` (the backend's reason,
  // or that it has no BPF program to account for), `interrupted`, `failed`; nothing stays attached
  // then. Frames of others on the idle link are no error: the first measure() says so.
  static Result<std::unique_ptr<Session>> open(const CaseSpec& spec, const TrialPlan& plan,
                                               std::uint32_t tag, SessionParties parties,
                                               const StopFlag& stop);
  virtual ~Session() = default;

  // Index, round and started_at are left to the caller. Errors: `interrupted`, `failed`. A trial
  // that breaks conservation is no error but a record with status `invalid`.
  // REQUIRES: usable()
  virtual Result<TrialRecord> measure(const TrialPlan& plan) = 0;

  // False once frames of others made it detach to see what they are, or a trial failed: another
  // session is to be opened.
  virtual bool usable() const = 0;
};

}  // namespace pktbench::method
