#include "harness/measure/cpu_meter.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <sstream>

#include "bpf/cpu_account.h"
#include "bpf/cpu_account.skel.h"
#include "harness/measure/pmu.hpp"
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
