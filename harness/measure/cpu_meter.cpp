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
#include <utility>

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

static_assert(PERF_TYPE_HARDWARE == CycleEvent{}.type);
static_assert(PERF_COUNT_HW_CPU_CYCLES == CycleEvent{}.config);

using ClassCycles = std::array<std::uint64_t, kCpuClasses>;

// An event for each CPU, user and kernel, all tasks, which the accounting program reads.
class Events {
 public:
  // Errors: `unsupported` with the reason where there is no PMU, or it may not be used.
  static Result<Events> open(const std::vector<int>& cpus, const CycleEvent& event) {
    Events made;
    for (int cpu : cpus) {
      perf_event_attr attr{};
      attr.type = event.type;
      attr.size = sizeof attr;
      attr.config = event.config;
      const long fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
      if (fd < 0) {
        const int error = errno;
        Error e = system_error(fmt::format("no cycle counter on CPU {}", cpu), error);
        e.code = ErrorCode::unsupported;
        if (error == ENOENT || error == EOPNOTSUPP)
          e.message = "this machine has no PMU cycle counter (a virtual machine without one?)";
        return e;
      }
      made.fds_[cpu] = sys::Fd(static_cast<int>(fd));
    }
    return made;
  }

  Result<void> enter(int map) const {
    for (const auto& [cpu, fd] : fds_) {
      const int value = fd.get();
      if (int error = bpf_map_update_elem(map, &cpu, &value, BPF_ANY); error)
        return system_error("give the CPU accounting its cycle counters", -error);
    }
    return {};
  }
  void leave(int map) const {
    for (const auto& [cpu, fd] : fds_) (void)bpf_map_delete_elem(map, &cpu);
  }

 private:
  std::map<int, sys::Fd> fds_;
};

// One CPU's cycles by class; never go back. Where the kernel had to share the counter, each stretch
// between two readings is scaled up.
class CycleTotals {
 public:
  // The next take() begins here.
  void begin(const volatile pb_cpu_slot& slot) { last_ = read(slot); }

  // None where the counter did not run since the last reading, or could not be read.
  std::optional<ClassCycles> take(const volatile pb_cpu_slot& slot) {
    const Reading now = read(slot);
    const Reading before = std::exchange(last_, now);
    const auto enabled = static_cast<double>(now.counter.enabled_ns - before.counter.enabled_ns);
    const auto running = static_cast<double>(now.counter.running_ns - before.counter.running_ns);
    if (running <= 0 || now.counter.failed != before.counter.failed) return std::nullopt;
    const double scale = enabled > running ? enabled / running : 1;
    ClassCycles made{};
    for (std::size_t i = 0; i < kCpuClasses; ++i) {
      totals_[i] += static_cast<double>(now.cycles[i] - before.cycles[i]) * scale;
      made[i] = static_cast<std::uint64_t>(totals_[i]);
    }
    return made;
  }

 private:
  struct Reading {
    ClassCycles cycles{};
    pb_cpu_counter counter{};
  };
  static Reading read(const volatile pb_cpu_slot& slot) {
    Reading made;
    for (std::size_t i = 0; i < kCpuClasses; ++i) made.cycles[i] = slot.cycles[i];
    made.counter = {slot.counter.counted, slot.counter.enabled_ns, slot.counter.running_ns,
                    slot.counter.failed};
    return made;
  }

  Reading last_;
  std::array<double, kCpuClasses> totals_{};
};

class BpfCpuMeter final : public CpuMeter {
 public:
  explicit BpfCpuMeter(const CycleEvent& event) : event_(event) {}

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

    if (auto events = Events::open(cpus_, event_); events)
      events_ = std::move(*events);
    else
      pmu_reason_ = events.error().message;
    auto started = start_program();
    if (!started && events_) {
      // An older kernel lets no program of this kind read a counter.
      without_cycles("the CPU accounting may not read it: " + started.error().message);
      started = start_program();
    }
    if (!started) return started;
    if (!events_) return {};
    // Some hypervisors offer a counter that stands still. This has kept each CPU busy for a moment.
    std::uint64_t counted = 0;
    std::uint64_t failed = 0;
    for (int cpu : cpus_) {
      counted += slot_of(cpu).counter.counted;
      failed += slot_of(cpu).counter.failed;
    }
    if (failed == 0 && counted > 0) return {};
    without_cycles(failed ? "the CPU accounting could not read the PMU cycle counter"
                          : "the PMU cycle counter of this machine stands still");
    return start_program();
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
    auto made = quick_sample();
    if (made) add_proc_stat(*made);
    return made;
  }

  // Per CPU an interrupt of its, so that what runs on is counted up to now.
  Result<CpuSample> quick_sample() override {
    CpuSample sample;
    sample.at_ns = sys::monotonic_ns();
    for (int cpu : cpus_) {
      if (auto r = flush(cpu); !r) return r.error();
      CpuTimes times;
      times.cpu = cpu;
      const volatile pb_cpu_slot& slot = slot_of(cpu);
      for (std::size_t i = 0; i < kCpuClasses; ++i) times.ns[i] = slot.ns[i];
      if (events_) times.cycles = totals_[cpu].take(slot);
      sample.cpus.push_back(times);
    }
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
    if (events_) {
      events_->leave(bpf_map__fd(skeleton_->maps.counters));
      events_.emplace();
    }
    return {};
  }

  Result<void> resume() override {
    if (events_) {
      if (auto r = Events::open(cpus_, event_).into(events_); !r) return r;
      if (auto r = events_->enter(bpf_map__fd(skeleton_->maps.counters)); !r) return r;
    }
    if (int error = cpu_account__attach(skeleton_.get()); error)
      return system_error("attach the CPU accounting program again", -error);
    return begin();
  }
  std::string cycles_source() const override { return events_ ? "pmu" : "tsc"; }
  std::string cycles_source_reason() const override { return pmu_reason_; }
  double tsc_hz() const override { return tsc_hz_; }

 private:
  // With the events, where there are some.
  Result<void> start_program() {
    sys::LibbpfLog log;
    skeleton_.reset(cpu_account__open());
    if (!skeleton_) return unsupported(log.failure("open the CPU accounting program", errno));
    bpf_program__set_autoattach(skeleton_->progs.cpu_flush, false);
    skeleton_->rodata->counts_cycles = events_.has_value();
    if (int error = cpu_account__load(skeleton_.get()); error)
      return unsupported(log.failure("load the CPU accounting program", -error));
    if (events_)
      if (auto r = events_->enter(bpf_map__fd(skeleton_->maps.counters)); !r)
        return unsupported(r.error());
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
    return begin();
  }

  Result<void> begin() {
    running_ = true;
    if (auto r = flush_all(); !r) return r;
    for (int cpu : cpus_) totals_[cpu].begin(slot_of(cpu));
    return {};
  }

  void without_cycles(const std::string& why) {
    events_.reset();
    pmu_reason_ = why;
  }

  const volatile pb_cpu_slot& slot_of(int cpu) const {
    return slots_[static_cast<std::size_t>(cpu)];
  }

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
  const CycleEvent event_;
  std::optional<Events> events_;
  std::map<int, CycleTotals> totals_;  // by CPU
  std::string pmu_reason_;
  double tsc_hz_ = 0;
};

}  // namespace

std::unique_ptr<CpuMeter> make_cpu_meter(const CycleEvent& cycles) {
  return std::make_unique<BpfCpuMeter>(cycles);
}

}  // namespace pktbench::measure
