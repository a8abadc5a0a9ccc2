#include "harness/measure/pmu.hpp"

#include <fmt/format.h>
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
      Error e = system_error(fmt::format("no cycle counter on CPU {}", cpu), error);
      e.code = ErrorCode::unsupported;
      if (error == ENOENT || error == EOPNOTSUPP)
        e.message = "this machine has no PMU cycle counter (a virtual machine without one?)";
      return e;
    }
    pmu.events_[cpu].fd = sys::Fd(static_cast<int>(fd));
  }
  // Some hypervisors offer a counter that stands still. Opening the events has kept this CPU busy,
  // so at least one of them must have moved.
  std::uint64_t total = 0;
  for (int cpu : cpus) {
    auto cycles = pmu.cycles(cpu);
    if (!cycles) return cycles.error();
    total += cycles->value_or(0);
  }
  if (total == 0)
    return make_error(ErrorCode::unsupported, "the PMU cycle counter of this machine stands still");
  return pmu;
}

Result<std::optional<std::uint64_t>> Pmu::cycles(int cpu) {
  Event& event = events_.at(cpu);
  std::array<std::uint64_t, 3> now{};
  if (read(event.fd.get(), now.data(), sizeof now) != static_cast<ssize_t>(sizeof now))
    return system_error(fmt::format("read the cycle counter of CPU {}", cpu), errno);
  const auto since = [&](std::size_t i) { return static_cast<double>(now[i] - event.last[i]); };
  const double value = since(0);
  const double enabled = since(1);
  const double running = since(2);
  event.last = now;
  if (running <= 0) return std::optional<std::uint64_t>();
  event.total += enabled > running ? value * enabled / running : value;
  return std::optional(static_cast<std::uint64_t>(event.total));
}

}  // namespace pktbench::measure
