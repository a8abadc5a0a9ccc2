// What the machine does to a trial from outside: interrupts, a change of frequency, throttling, a
// link that flaps, a lack of memory. Each kind is one small source.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/core/cpu.hpp"

namespace pktbench {

// Raw values of one source at one moment, by name.
struct DisturbanceReading {
  std::map<std::string, double> values;
  std::string missing;  // why there are none; empty: there are
};

struct DisturbanceFinding {
  std::map<std::string, double> evidence;  // raw values, kept in the trial
  std::vector<std::string> reasons;        // what broke the source's rule; empty: nothing did
};

// What the rules of the sources go by.
struct DisturbanceLimits {
  double window_s = 0;                 // between the two readings
  double max_cpu_distance_change = 0;  // times, either way; 0: any
};

// What of a trial is its own, so that all else is somebody's.
struct TrialParts {
  std::vector<std::uint32_t> programs;  // ids of BPF programs
  CpuRoles roles;                       // of its threads
};

// Threads: one controlling thread.
class DisturbanceSource {
 public:
  virtual ~DisturbanceSource() = default;

  // "interrupts", "link", ...: its key in a trial.
  virtual std::string name() const = 0;

  // Called once a trial, when everything is started and before the first read().
  virtual void watch(const TrialParts& /*parts*/) {}

  // Called before and after a window, never inside it. May enter a port's namespace and returns in
  // the caller's.
  virtual DisturbanceReading read() = 0;

  // Pure: what happened between the two readings. REQUIRES: neither reading is missing.
  virtual DisturbanceFinding judge(const DisturbanceReading& before,
                                   const DisturbanceReading& after,
                                   const DisturbanceLimits& limits) const = 0;
};

}  // namespace pktbench
