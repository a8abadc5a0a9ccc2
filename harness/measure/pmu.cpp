#include "harness/measure/pmu.hpp"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

namespace pktbench::measure {

Result<Pmu> Pmu::open(const std::vector<int>& cpus) {
  Pmu pmu;
  for (int cpu : cpus) {
    perf_event_attr attr{};
    attr.type = PERF_TYPE_HARDWARE;
    attr.size = sizeof attr;
    attr.config = PERF_COUNT_HW_CPU_CYCLES;
    attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    const long fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0) {
      const int error = errno;
      Error e = system_error("no cycle counter on CPU " + std::to_string(cpu), error);
      e.code = ErrorCode::unsupported;
      if (error == ENOENT || error == EOPNOTSUPP)
        e.message = "this machine has no PMU cycle counter (a virtual machine without one?)";
      return e;
    }
    pmu.events_.emplace(cpu, sys::Fd(static_cast<int>(fd)));
  }
  // Some hypervisors offer a counter that stands still. Opening the events has kept this CPU busy,
  // so at least one of them must have moved.
  std::uint64_t total = 0;
  for (int cpu : cpus) {
    auto cycles = pmu.cycles(cpu);
    if (!cycles) return cycles.error();
    total += *cycles;
  }
  if (total == 0)
    return make_error(ErrorCode::unsupported, "the PMU cycle counter of this machine stands still");
  return pmu;
}

Result<std::uint64_t> Pmu::cycles(int cpu) const {
  std::array<std::uint64_t, 3> v{};  // value, time enabled, time running
  if (read(events_.at(cpu).get(), v.data(), sizeof v) != static_cast<ssize_t>(sizeof v))
    return system_error("read the cycle counter of CPU " + std::to_string(cpu), errno);
  if (v[1] == v[2] || v[2] == 0) return v[0];
  return static_cast<std::uint64_t>(static_cast<double>(v[0]) * static_cast<double>(v[1]) /
                                    static_cast<double>(v[2]));
}

}  // namespace pktbench::measure
