// CPU time by who used it. The unit is nanoseconds of the monotonic clock, per CPU.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/result.hpp"

namespace pktbench {

enum class CpuClass : std::size_t {
  idle,
  application,    // the backend's own threads
  napi,           // threaded NAPI of the DUT's device, and ksoftirqd
  softirq,        // network softirq, in whatever task it interrupted
  softirq_other,  // timers, RCU, scheduler: charged to nobody
  interrupt,      // hard interrupts of devices
  generator,
  control,  // pktbench's own controlling threads
  foreign,  // everybody else
};
inline constexpr std::size_t kCpuClasses = 9;
inline constexpr std::array<const char*, kCpuClasses> kCpuClassNames = {
    "idle",      "application", "napi",    "softirq", "softirq_other",
    "interrupt", "generator",   "control", "foreign"};

struct CpuTimes {
  int cpu = 0;
  std::array<std::uint64_t, kCpuClasses> ns{};
  // Core cycles, user and kernel, where there is a PMU that counted since the last sample.
  std::optional<std::array<std::uint64_t, kCpuClasses>> cycles;
  // From /proc/stat, in its 10 ms steps: how the time of tasks splits.
  std::optional<std::uint64_t> user_ns;
  std::optional<std::uint64_t> system_ns;
  std::optional<std::uint64_t> steal_ns;

  std::uint64_t operator[](CpuClass c) const { return ns[static_cast<std::size_t>(c)]; }
  std::uint64_t& operator[](CpuClass c) { return ns[static_cast<std::size_t>(c)]; }
};

struct CpuSample {
  std::uint64_t at_ns = 0;  // the measured testbed's clock
  std::vector<CpuTimes> cpus;
};

using CpuRoles = std::map<pid_t, CpuClass>;  // by thread id

// What has become of a thread since set_roles() named it.
struct ThreadEvents {
  std::uint64_t moves = 0;  // from one CPU to another
  std::uint64_t stops = 0;  // by a signal, or by a debugger
};

// Threads: one controlling thread. sample() is monotonic since start().
class CpuMeter {
 public:
  virtual ~CpuMeter() = default;
  virtual Result<void> start(const std::vector<int>& cpus) = 0;
  // Replaces the roles; a thread not named here is `foreign`.
  virtual Result<void> set_roles(const CpuRoles& roles) = 0;
  virtual Result<CpuSample> sample() = 0;
  // The same without user, system and steal: cheap enough for inside a window.
  virtual Result<CpuSample> quick_sample() { return sample(); }
  // None where they are not counted at present. REQUIRES: set_roles() has named the thread.
  virtual std::optional<ThreadEvents> thread_events(pid_t /*tid*/) { return std::nullopt; }
  // Between the two the meter costs nothing and counts nothing; REQUIRES no sample() there, and no
  // two samples compared across it.
  virtual Result<void> pause() = 0;
  virtual Result<void> resume() = 0;
  // "pmu" or "tsc": where cycles come from.
  virtual std::string cycles_source() const = 0;
  // Why not the PMU; empty when the source is "pmu".
  virtual std::string cycles_source_reason() const = 0;
  virtual double tsc_hz() const = 0;
};

}  // namespace pktbench
