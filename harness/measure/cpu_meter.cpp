#include "harness/measure/cpu_meter.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <sstream>

#include "bpf/cpu_account.h"
#include "bpf/cpu_account.skel.h"
#include "harness/sys/bpf.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/mapped.hpp"

namespace pktbench::measure {

static_assert(PB_CPU_CLASSES == kCpuClasses);
static_assert(PB_CPU_FOREIGN == static_cast<int>(CpuClass::foreign));
static_assert(PB_CPU_INTERRUPT == static_cast<int>(CpuClass::interrupt));
static_assert(PB_CPU_SOFTIRQ == static_cast<int>(CpuClass::softirq));

namespace {

using Skeleton = sys::SkeletonPtr<cpu_account, cpu_account__destroy>;

// Without the accounting frames are still counted, so the case goes on with a reason in its place.
Error unsupported(Error error) {
  error.code = ErrorCode::unsupported;
  return error;
}

// Core cycles per CPU by perf_event_open, user and kernel, all tasks.
class Pmu {
 public:
  // Errors: `unsupported` with the reason where there is no PMU, it may not be used, or it does not
  // count.
  static Result<Pmu> open(const std::vector<int>& cpus) {
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
    // Some hypervisors offer a counter that stands still. Opening the events has kept this CPU
    // busy, so at least one of them must have moved.
    std::uint64_t total = 0;
    for (int cpu : cpus) {
      auto cycles = pmu.cycles(cpu);
      if (!cycles) return cycles.error();
      total += cycles->value_or(0);
    }
    if (total == 0)
      return make_error(ErrorCode::unsupported,
                        "the PMU cycle counter of this machine stands still");
    return pmu;
  }

  // Cycles since open; never goes back. Where the kernel had to share the counter, each stretch
  // between two readings is scaled up. None where the counter did not run since the last reading.
  Result<std::optional<std::uint64_t>> cycles(int cpu) {
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

 private:
  struct Event {
    sys::Fd fd;
    std::array<std::uint64_t, 3> last{};  // value, time enabled, time running
    double total = 0;
  };
  std::map<int, Event> events_;
};

class BpfCpuMeter final : public CpuMeter {
 public:
  Result<void> start(const std::vector<int>& cpus) override {
    // The kernel counts threads in its own PID namespace; in another one our thread ids mean
    // others.
    if (!sys::in_host_pid_namespace())
      return make_error(ErrorCode::unsupported,
                        "CPU accounting needs the host's PID namespace; start the container with "
                        "--pid=host");
    cpus_ = cpus;
    for (int cpu : cpus_)
      if (cpu >= PB_MAX_CPUS)
        return make_error(ErrorCode::unsupported, "CPU accounting covers CPUs below {}",
                          PB_MAX_CPUS);
    if (auto r = sys::tsc_hz().into(tsc_hz_); !r) return r.error();

    sys::LibbpfLog log;
    skeleton_.reset(cpu_account__open());
    if (!skeleton_) return unsupported(log.failure("open the CPU accounting program", errno));
    bpf_program__set_autoattach(skeleton_->progs.cpu_flush, false);
    if (int error = cpu_account__load(skeleton_.get()); error)
      return unsupported(log.failure("load the CPU accounting program", -error));
    if (int error = cpu_account__attach(skeleton_.get()); error) {
      skeleton_.reset();  // what is attached already would go on running
      return unsupported(log.failure("attach the CPU accounting program", -error));
    }
    if (auto r = sys::map_shared<const volatile pb_cpu_slot[]>(bpf_map__fd(skeleton_->maps.slots),
                                                               PB_MAX_CPUS, PROT_READ,
                                                               "map the CPU accounting")
                     .into(slots_);
        !r)
      return r;

    if (auto pmu = Pmu::open(cpus_); pmu)
      pmu_ = std::move(*pmu);
    else
      pmu_reason_ = pmu.error().message;
    running_ = true;
    return flush_all();
  }

  Result<void> set_roles(const CpuRoles& roles) override {
    const int fd = bpf_map__fd(skeleton_->maps.roles);
    for (const auto& [tid, old] : roles_) {
      const auto key = static_cast<__u32>(tid);
      if (!roles.contains(tid)) bpf_map_delete_elem(fd, &key);
    }
    for (const auto& [tid, role] : roles) {
      const auto key = static_cast<__u32>(tid);
      pb_cpu_role value{};
      value.cpu_class = static_cast<__u32>(role);
      if (int error = bpf_map_update_elem(fd, &key, &value, BPF_ANY); error)
        return system_error("name a thread for the CPU accounting", -error);
    }
    roles_ = roles;
    // A thread that is running now was classed when it was switched in.
    return flush_all();
  }

  Result<CpuSample> sample() override {
    CpuSample sample;
    sample.at_ns = sys::monotonic_ns();
    for (int cpu : cpus_) {
      if (auto r = flush(cpu); !r) return r.error();
      CpuTimes times;
      times.cpu = cpu;
      const volatile pb_cpu_slot& slot = slots_[static_cast<std::size_t>(cpu)];
      for (std::size_t i = 0; i < kCpuClasses; ++i) times.ns[i] = slot.ns[i];
      if (pmu_) {
        auto cycles = pmu_->cycles(cpu);
        if (!cycles) return cycles.error();
        times.cycles = cycles->has_value() ? *cycles : std::nullopt;
      }
      sample.cpus.push_back(times);
    }
    add_proc_stat(sample);
    return sample;
  }

  std::optional<ThreadEvents> thread_events(pid_t tid) override {
    const auto key = static_cast<__u32>(tid);
    pb_cpu_role value{};
    if (!running_ || bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.roles), &key, &value) != 0)
      return std::nullopt;
    return ThreadEvents{value.moves, value.stops};
  }

  // A tracepoint without a program is a nop again; a counter that is closed is not kept up.
  Result<void> pause() override {
    running_ = false;
    cpu_account__detach(skeleton_.get());
    if (pmu_) pmu_.emplace();
    return {};
  }

  Result<void> resume() override {
    if (int error = cpu_account__attach(skeleton_.get()); error)
      return system_error("attach the CPU accounting program again", -error);
    if (pmu_) {
      if (auto r = Pmu::open(cpus_).into(pmu_); !r) return r.error();
    }
    running_ = true;
    return flush_all();
  }
  std::string cycles_source() const override { return pmu_ ? "pmu" : "tsc"; }
  std::string cycles_source_reason() const override { return pmu_reason_; }
  double tsc_hz() const override { return tsc_hz_; }

 private:
  Result<void> flush(int cpu) {
    LIBBPF_OPTS(bpf_test_run_opts, options, .flags = BPF_F_TEST_RUN_ON_CPU,
                .cpu = static_cast<__u32>(cpu));
    const int fd = bpf_program__fd(skeleton_->progs.cpu_flush);
    if (int error = bpf_prog_test_run_opts(fd, &options); error)
      return system_error(fmt::format("read the CPU accounting of CPU {}", cpu), -error);
    return {};
  }

  Result<void> flush_all() {
    for (int cpu : cpus_)
      if (auto r = flush(cpu); !r) return r;
    return {};
  }

  void add_proc_stat(CpuSample& sample) const {
    auto text = sys::read_file("/proc/stat");
    if (!text) return;
    const auto tick_ns = static_cast<std::uint64_t>(1'000'000'000 / sysconf(_SC_CLK_TCK));
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream fields(line);
      std::string name;
      std::uint64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0,
                    steal = 0;
      fields >> name >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
      if (!fields) continue;
      for (CpuTimes& times : sample.cpus) {
        if (name != fmt::format("cpu{}", times.cpu)) continue;
        times.user_ns = (user + nice) * tick_ns;
        times.system_ns = system * tick_ns;
        times.steal_ns = steal * tick_ns;
      }
    }
  }

  std::vector<int> cpus_;
  Skeleton skeleton_;
  sys::Mapped<const volatile pb_cpu_slot[]> slots_;
  CpuRoles roles_;
  bool running_ = false;
  std::optional<Pmu> pmu_;
  std::string pmu_reason_;
  double tsc_hz_ = 0;
};

}  // namespace

std::unique_ptr<CpuMeter> make_cpu_meter() { return std::make_unique<BpfCpuMeter>(); }

}  // namespace pktbench::measure
