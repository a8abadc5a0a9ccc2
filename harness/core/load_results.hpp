// What methods that measure at given loads found of a case: rows of a record, by round.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "harness/core/trial.hpp"

namespace pktbench {

// What the loads of a round are shares of. Rates are offered, in packets/s.
struct LoadReference {
  int round = 0;
  std::string what;                 // "PDR", "given", "line rate" or "generator"
  std::optional<double> pps;        // none: for the reason
  std::optional<double> upper_pps;  // of a PDR, the lowest load that loses more
  bool regular = false;
  bool rough = false;        // it is about `pps`, and that is no bound: its search was cut off
  std::string reason;        // why it is not regular; empty where it is
  std::uint64_t trials = 0;  // of the round, the first ones
  double seconds = 0;
};

// A load of a sweep, of the last of its trials.
struct SweepLoad {
  int round = 0;
  std::string load;             // as the scenario has it: "50%"
  std::optional<double> share;  // of the reference; none: an absolute load
  int trial = 0;                // its index in the case
  bool ok = false;
  std::optional<double> offered_pps;
  std::optional<double> received_pps;
  std::optional<double> loss_ratio;
  std::optional<double> cycles_per_packet;
  std::optional<double> busy_cycles_per_packet;
  // CPUs, by kind of work: 1 is one whole CPU. Empty where CPU time was not measured.
  std::map<std::string, double> dut_cpu;
  std::map<std::string, double> generator_cpu;
  std::optional<double> wakeups_per_s;  // of the DUT's threads
  Limiter limiter = Limiter::unknown;
};

// One search for the longest burst without loss.
struct BurstTest {
  int round = 0;
  std::optional<std::uint64_t> longest;   // frames; the longest that lost none
  std::optional<std::uint64_t> shortest;  // frames; the shortest that lost some
  std::optional<double> burst_pps;        // the rate in it
  std::optional<double> buffer_s;         // longest / burst_pps (RFC 9004: implied)
  std::optional<double> corrected_s;      // less what was forwarded meanwhile
  bool regular = false;
  std::string reason;  // why it is not; empty where it is
  std::uint64_t trials = 0;
};

// A window of a soak, by its trial.
struct SoakWindow {
  int trial = 0;       // its index in the case
  double at_s = 0;     // its middle, since the first began
  bool anew = false;   // on a session of its own: the one before was not ok
  bool counts = true;  // its trial is ok
  std::optional<double> offered_pps;
  std::optional<double> received_pps;
  std::optional<double> loss_ratio;
  std::optional<double> cycles_per_packet;
  std::optional<std::uint64_t> rss_bytes;  // of pktbench and its helpers, after the window
  std::optional<std::uint64_t> open_fds;
};

// How a value of a soak's windows goes with time: a straight line by least squares.
struct SoakDrift {
  // Several values are looked at: all their intervals together hold in about 95% of soaks.
  static constexpr double kConfidence = 0.99;
  std::string value;  // "received_pps"
  std::string unit;
  std::uint64_t n = 0;  // windows
  double mean = 0;
  std::optional<double> per_hour;
  std::optional<double> low;  // interval of per_hour, at SoakDrift::kConfidence
  std::optional<double> high;
  bool found = false;  // the interval lies on one side of 0
};

}  // namespace pktbench
