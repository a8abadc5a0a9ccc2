// A case (one point of testbed x traffic x backend x workload x queues) and the record of a trial.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/core/backend.hpp"
#include "harness/core/condition.hpp"
#include "harness/core/counters.hpp"
#include "harness/core/cpu.hpp"
#include "harness/core/disturbance.hpp"
#include "harness/core/flip.hpp"
#include "harness/core/latency.hpp"
#include "harness/core/options.hpp"
#include "harness/core/traffic.hpp"

namespace pktbench {

struct CaseSpec {
  std::string id;             // "xdp-native/drop/64B/1q/1f", unique in a run
  std::size_t testbed = 0;    // which of the scenario's
  std::string testbed_label;  // empty where the scenario has only one
  std::string backend;
  Options backend_options;  // every default filled in
  std::string label;        // tells cases apart that are otherwise the same; empty: none
  bool telemetry = true;    // false: nothing but the backend's and the device's counters runs
  std::string workload;
  bool sends_back = false;                  // it does, frames to the generator
  bool forwards = false;                    // it does, frames to the generator's second port
  bool reads_tag = false;                   // the backend does, of each frame
  std::vector<std::uint16_t> filter_ports;  // UDP, of `filter`; empty for the other workloads
  std::string generator;
  Options generator_options;
  TrafficSpec traffic;
  std::optional<double> rate_pps;  // the intended load; none: as fast as possible
  unsigned queues = 1;
  bool stamped = false;           // frames go one by one and say when they were due
  Stamp stamp = Stamp::software;  // of those
};

// What is asked of a trial: its load, how it is timed and how it is judged.
struct TrialPlan {
  std::optional<double> rate_pps;  // the intended load; none: as fast as possible
  double warmup_s = 0.2;
  double duration_s = 1.0;
  // The window ends once so many frames are sent, after duration_s at the latest. None: it lasts
  // duration_s.
  std::optional<std::uint64_t> burst_frames = {};
  std::optional<FlipPlan> flip = {};    // none: nothing is changed or read in the window
  std::uint64_t tolerance_packets = 0;  // |unaccounted| above this makes a trial invalid
  // Share of a DUT's CPU that others used or the hypervisor took; above it a trial is invalid.
  double max_disturbance = 0.05;
  // How many times the distance of the generator's and the DUT's CPU may grow or shrink while the
  // window is open; more makes a trial invalid. 0: any.
  double max_cpu_distance_change = 2;
  // How much longer than planned the window may be, relative; more makes a trial invalid.
  double max_overrun = 0.05;
  // Share of the frames due that a paced generator may leave unsent in a valid trial while others
  // use its CPU (above max_disturbance). One that is slow by itself is no disturbance.
  double max_unsent = 0.01;
  bool delays = false;  // how late each frame is is recorded; of a stamped case, at a fixed load
};

// By the kernel's account, over all the backend's programs.
struct BpfRunTime {
  std::uint64_t runs = 0;
  std::uint64_t ns = 0;  // with one reading of the clock per run
};

enum class TrialStatus { ok, invalid, failed };
inline constexpr std::array kTrialStatusNames = {"ok", "invalid", "failed"};
inline const char* to_string(TrialStatus value) {
  return kTrialStatusNames[static_cast<std::size_t>(value)];
}
enum class Limiter { dut, generator, link, unknown };
inline constexpr std::array kLimiterNames = {"dut", "generator", "link", "unknown"};
inline const char* to_string(Limiter value) {
  return kLimiterNames[static_cast<std::size_t>(value)];
}

struct CpuUsage {
  int cpu = 0;
  std::string role;  // "dut", "generator" or "other"
  double busy = 0;   // fractions of the window, 0 to 1
  double softirq = 0;
  std::optional<double> user;
  std::optional<double> system;
  std::optional<double> steal;
  std::array<double, kCpuClasses> classes{};
};

// What became of the frames that the workload sent back, seen from the generator's end.
struct ReturnRecord {
  std::uint64_t sent_back = 0;   // by the backend's own count
  std::uint64_t packets = 0;     // came back to the generator
  std::uint64_t strays = 0;      // came back with a tag or an address that is not this trial's
  DropCounts drops;              // lost on the way back, by place
  std::int64_t unaccounted = 0;  // sent_back - packets - strays - drops
};

// One measured interval. A value that does not exist is nullopt and has its reason in `missing`.
struct TrialRecord {
  int index = 0;    // within its case, from 0, in the order they were made
  int round = 0;    // within the run, from 0: all cases have one trial per round, and repeats
                    // of those that were disturbed
  int restart = 0;  // on which set-up of the testbed, from 0: a resumed run begins another
  int order = 0;    // its case's place in the round, from 0: a repeat has the same
  std::string started_at;  // UTC, RFC 3339
  TrialStatus status = TrialStatus::failed;
  std::string reason;      // empty when ok
  bool disturbed = false;  // invalid for what others or the machine did, and to be made again
  // What did: a source of disturbance, "cpu" (others on the DUT's), "window" (late or stopped),
  // "generator" (starved), "foreign_frames", "late_frames".
  std::set<std::string> disturbed_by;
  // Frames of it were received, and each that was offered is accounted for. Only such a trial can
  // stand for its case where none is ok.
  bool conserved = false;
  Condition condition;
  // Whether its case's summary is of it; none: the run is not concluded.
  std::optional<bool> in_summary;

  double warmup_s = 0;
  double duration_s = 0;  // gate open to gate shut
  double drain_s = 0;
  double effective_s = 0;  // of all that a trial takes on its session: all of these, and readings
  std::optional<std::uint64_t> burst_frames;  // asked for; none: frames for the window's length
  // Of pktbench and its helpers, after the trial.
  std::optional<std::uint64_t> rss_bytes;
  std::optional<std::uint64_t> open_fds;

  SentCounters offered;  // within the window, as are all counts below
  std::optional<double> offered_pps;
  std::optional<double> target_pps;  // none: as fast as possible
  Counters received;
  std::optional<double> received_pps;
  DropCounts drops;
  std::optional<std::uint64_t> left_the_port;  // by the sending port's own counter
  std::optional<std::uint64_t> pause_frames;   // that held the sender, where a port tells
  bool on_wire = false;            // what leaves the port does not come to the DUT at once
  std::vector<std::string> notes;  // what is to be known of the counts
  std::int64_t unaccounted = 0;    // offered - received - drops; negative: more came than was sent
  std::optional<double> loss_ratio;
  std::optional<FlipRecord> flip;
  std::optional<ReturnRecord> returned;  // where the workload sends frames back
  std::optional<LatencyRecord> latency;  // of stamped frames

  std::optional<double> mpps;
  std::optional<double> ns_per_packet;  // CPU time charged to the DUT
  std::optional<double> cycles_per_packet;
  // Where a loop of the backend spins, so that its CPU is full at any rate: without its polls in
  // vain.
  std::optional<double> busy_cycles_per_packet;
  std::string cycles_source;  // "pmu", "tsc"; empty where there is none
  // Frames of this size that fill the link; none and no reason in `missing`: there is no such link.
  std::optional<double> line_rate_pps;
  Limiter limiter = Limiter::unknown;
  std::map<std::string, double> evidence;  // what the limiter was judged by
  // How a DUT is limited: "cycles" (a CPU of its had no time left) or "wake-ups" (frames were lost
  // while it had). Empty: another is the limit.
  std::string dut_limited_by;
  std::vector<CpuUsage> cpus;
  // By source; null where it could not be read, with the reason in `missing`.
  std::map<std::string, std::optional<DisturbanceFinding>> disturbance;
  EffectiveMode mode;
  bool bpf_stats = false;  // made with the kernel's BPF statistics on: no ordinary trial
  std::optional<BpfRunTime> bpf_run_time;  // of the window and its drain
  std::map<std::string, std::string> missing;
};

// Whether a rate that this limited is a lower bound for the DUT.
constexpr bool bounds_from_below(Limiter limiter) {
  return limiter == Limiter::generator || limiter == Limiter::link;
}

}  // namespace pktbench
