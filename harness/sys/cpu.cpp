#include "harness/sys/cpu.hpp"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <future>
#include <limits>
#include <sstream>
#include <utility>

#include "harness/sys/file.hpp"
#include "harness/sys/tsc.hpp"

namespace pktbench::sys {

std::vector<int> allowed_cpus(pid_t tid) {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(tid, sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  return cpus;
}

Result<std::vector<int>> parse_cpus(const std::string& text) {
  constexpr int kMost = 1 << 16;
  std::vector<int> cpus;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    int first = 0;
    const char* const end = part.data() + part.size();
    auto [at, error] = std::from_chars(part.data(), end, first);
    int last = first;
    if (error == std::errc() && at != end && *at == '-') {
      const auto parsed = std::from_chars(at + 1, end, last);
      at = parsed.ptr;
      error = parsed.ec;
    }
    if (error != std::errc() || at != end || first < 0 || last < first || last > kMost)
      return make_error(ErrorCode::failed, "no list of CPUs: \"" + text + "\"");
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

std::string cpus_text(const std::vector<int>& cpus) {
  std::string text;
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    std::size_t last = i;
    while (last + 1 < cpus.size() && cpus[last + 1] == cpus[last] + 1) ++last;
    text += fmt::format("{}{}", text.empty() ? "" : ",", cpus[i]);
    if (last != i) text += fmt::format("-{}", cpus[last]);
    i = last;
  }
  return text.empty() ? "none" : text;
}

Result<void> place_thread(pid_t tid, const std::vector<int>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) {
    if (cpu < 0 || cpu >= CPU_SETSIZE)
      return make_error(ErrorCode::failed, "CPU {} is out of range", cpu);
    CPU_SET(cpu, &set);
  }
  if (sched_setaffinity(tid, sizeof set, &set) != 0)
    return system_error(
        fmt::format("pin thread {} to CPU{} {}", tid, cpus.size() == 1 ? "" : "s", cpus_text(cpus)),
        errno);
  return {};
}

Result<void> pin_thread(pid_t tid, int cpu) { return place_thread(tid, {cpu}); }

pid_t current_tid() { return static_cast<pid_t>(syscall(SYS_gettid)); }

Result<pid_t> start_pinned(std::thread& thread, int cpu, std::function<void()> work) {
  std::promise<Result<pid_t>> up;
  auto ready = up.get_future();
  // `up` lives until its promise is kept, and no longer.
  thread = std::thread([&up, cpu, work = std::move(work)] {
    const auto pinned = pin_thread(0, cpu);
    up.set_value(pinned ? Result<pid_t>(current_tid()) : pinned.error());
    if (pinned) work();
  });
  auto tid = ready.get();
  if (!tid) thread.join();
  return tid;
}

bool in_host_pid_namespace() {
  constexpr ino_t kInitialPidNamespace = 0xEFFFFFFC;  // PROC_PID_INIT_INO of the kernel
  struct stat st {};
  return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == kInitialPidNamespace;
}

namespace {

std::uint64_t clock_ns(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(t.tv_nsec);
}

using Clock = std::uint64_t (*)();

std::uint64_t raw_ns() { return clock_ns(CLOCK_MONOTONIC_RAW); }

constexpr int kTries = 16;
constexpr auto kForever = std::numeric_limits<std::uint64_t>::max();

// `outer` before and after `inner`: its middle and the inner reading, from the try in which the
// outer ones lay closest together.
std::pair<std::uint64_t, std::uint64_t> read_together(Clock outer, Clock inner) {
  std::pair<std::uint64_t, std::uint64_t> best{};
  std::uint64_t best_gap = kForever;
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t before = outer();
    const std::uint64_t inside = inner();
    const std::uint64_t gap = outer() - before;
    if (gap < best_gap) {
      best_gap = gap;
      best = {before + gap / 2, inside};
    }
  }
  return best;
}

Result<double> calibrate() {
  const auto flags = read_row("/proc/cpuinfo", "flags");
  if (!flags || flags->find("constant_tsc") == std::string::npos)
    return make_error(ErrorCode::unsupported,
                      "this CPU has no constant TSC, so that cycles cannot "
                      "be derived from on-CPU time");
  const auto [tsc0, ns0] = read_together(tsc, raw_ns);
  const timespec pause{0, 50'000'000};
  nanosleep(&pause, nullptr);
  const auto [tsc1, ns1] = read_together(tsc, raw_ns);
  return static_cast<double>(tsc1 - tsc0) * 1e9 / static_cast<double>(ns1 - ns0);
}

}  // namespace

std::uint64_t monotonic_ns() { return clock_ns(CLOCK_MONOTONIC); }

Result<double> tsc_hz() {
  static const Result<double> hz = calibrate();
  return hz;
}

ClockReading read_two_clocks() {
  const auto hz = tsc_hz();
  const auto [ns, reference] = read_together(monotonic_ns, hz ? tsc : raw_ns);
  if (!hz) return {ns, reference};
  return {ns, static_cast<std::uint64_t>(static_cast<double>(reference) * 1e9 / *hz)};
}

const char* reference_clock() { return tsc_hz() ? "TSC" : "CLOCK_MONOTONIC_RAW"; }

std::vector<std::string> missing_capabilities() {
  constexpr std::array<std::pair<int, const char*>, 6> kNeeded = {{
      {CAP_NET_ADMIN, "CAP_NET_ADMIN"},
      {CAP_NET_RAW, "CAP_NET_RAW"},
      {CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
      {CAP_SYS_NICE, "CAP_SYS_NICE"},
      {CAP_PERFMON, "CAP_PERFMON"},
      {CAP_BPF, "CAP_BPF"},
  }};
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  syscall(SYS_capget, &header, data.data());
  std::vector<std::string> missing;
  for (const auto& [bit, name] : kNeeded)
    if (!(data.at(static_cast<std::size_t>(bit) / 32).effective & (1u << (bit % 32))))
      missing.emplace_back(name);
  return missing;
}

}  // namespace pktbench::sys
