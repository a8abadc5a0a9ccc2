#include <bpf/bpf.h>

#include <array>
#include <cerrno>

#include "backends/kernel/kernel.hpp"
#include "backends/kernel/skb_counters.hpp"
#include "backends/kernel/tc_filter.hpp"
#include "bpf/frame_counters.h"
#include "bpf/tc_drop.skel.h"
#include "harness/sys/bpf.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::backends {

namespace {

using Skeleton = sys::SkeletonPtr<tc_drop, tc_drop__destroy>;

// Linux 6.6; the headers of Debian 12 are of 6.1.
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr std::uint32_t kBefore = 1U << 3;  // BPF_F_BEFORE with no other named: before all

class TcDrop final : public Backend {
 public:
  ~TcDrop() override { stop(); }

  Result<EffectiveMode> start(const BackendConfig& config) override {
    stop();
    auto mode = begin(config);
    if (!mode) stop();
    return mode;
  }

  Result<Counters> sample() override {
    if (!skeleton_) return make_error(ErrorCode::failed, "tc-drop is not started");
    return kernel::read_skb_counters(bpf_map__fd(skeleton_->maps.queue_counters), cpus_,
                                     port_.queues, queue_is_recorded_);
  }

  std::vector<pid_t> threads() const override { return {}; }
  std::vector<std::uint32_t> programs() const override { return {program_id_}; }

  void stop() noexcept override {
    link_.reset();
    filter_.detach();
    skeleton_.reset();
  }

 private:
  Result<EffectiveMode> begin(const BackendConfig& config);
  Result<void> attach_tcx();
  Result<EffectiveMode> read_back();

  Port port_;
  Skeleton skeleton_;
  sys::Fd link_;  // tcx: detached when the last reference goes, also when this process dies
  kernel::TcFilter filter_;
  int cpus_ = 0;
  std::uint32_t program_id_ = 0;
  bool queue_is_recorded_ = false;
};

Result<EffectiveMode> TcDrop::begin(const BackendConfig& config) {
  port_ = config.port;
  if (port_.queues > PB_MAX_QUEUES)
    return make_error(ErrorCode::unsupported, "counters cover {} queues; the port has {}",
                      PB_MAX_QUEUES, port_.queues);
  auto cpus = sys::possible_cpus();
  if (!cpus) return cpus.error();
  cpus_ = *cpus;
  auto inside = sys::NetnsScope::enter(port_.netns_path);
  if (!inside) return inside.error();
  queue_is_recorded_ = kernel::records_rx_queue(kernel::driver_name(port_.name));
  {
    sys::LibbpfLog log;
    skeleton_.reset(tc_drop__open());
    if (!skeleton_) return log.failure("open the tc program", errno);
    if (int error = tc_drop__load(skeleton_.get()); error)
      return log.failure("load the tc program", -error);
  }
  const auto hook = option<std::string>(config.options, "hook");
  bool attached = false;
  if (hook != "clsact") {
    auto r = attach_tcx();
    if (!r && (hook == "tcx" || r.error().code != ErrorCode::unsupported)) return r.error();
    attached = r.ok();
  }
  if (!attached)
    if (auto r = filter_.attach(port_, bpf_program__fd(skeleton_->progs.drop)); !r)
      return r.error();
  return read_back();
}

Result<void> TcDrop::attach_tcx() {
  LIBBPF_OPTS(bpf_link_create_opts, options, .flags = kBefore);
  const int fd = bpf_link_create(bpf_program__fd(skeleton_->progs.drop),
                                 static_cast<int>(port_.ifindex), kTcxIngress, &options);
  if (fd >= 0) {
    link_ = sys::Fd(fd);
    return {};
  }
  Error e = system_error("attach a tcx program to " + port_.name, -fd);
  if (fd == -EINVAL) {  // an attach type that the kernel does not know
    e.code = ErrorCode::unsupported;
    e.message = "this kernel has no tcx (Linux 6.6); use \"hook\": \"clsact\"";
  }
  return e;
}

// REQUIRES: in the port's namespace.
Result<EffectiveMode> TcDrop::read_back() {
  auto ours = kernel::program_info(bpf_program__fd(skeleton_->progs.drop));
  if (!ours) return ours.error();
  program_id_ = ours->id;
  std::array<__u32, 64> programs{};
  auto count = static_cast<__u32>(programs.size());
  const int error = bpf_prog_query(static_cast<int>(port_.ifindex), kTcxIngress, 0, nullptr,
                                   programs.data(), &count);
  if (error && error != -EINVAL)
    return system_error("read back the tcx programs of " + port_.name, -error);
  if (error) count = 0;  // a kernel without tcx
  EffectiveMode mode{"tc-drop", "tc-drop", {{"jited", ours->jited ? "yes" : "no"}}};
  if (link_) {
    if (count == 0 || programs.front() != ours->id)
      return make_error(ErrorCode::failed, "the first tcx program of {} is not ours", port_.name);
    mode.details["hook"] = "tcx";
    return mode;
  }
  if (count != 0)
    return make_error(ErrorCode::refused, port_.name +
                                              " has a tcx program of somebody else's, which runs "
                                              "before clsact; use \"hook\": \"tcx\"");
  auto attached = filter_.program_id();
  if (!attached) return attached.error();
  if (*attached != ours->id)
    return make_error(ErrorCode::failed, "the tc filter of {} runs program {} and not ours, {}",
                      port_.name, *attached, ours->id);
  mode.details["hook"] = "clsact";
  return mode;
}

std::string probe() {
  if (auto missing = sys::missing_capabilities(); !missing.empty())
    return "needs " + missing.front() + " (run as root)";
  if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SCHED_CLS, nullptr) != 1)
    return "this kernel has no BPF programs for tc (CONFIG_BPF_SYSCALL)";
  return "";
}

}  // namespace

BackendType tc_drop_backend() {
  return {.name = "tc-drop",
          .summary = "a BPF program at tc ingress: counts and drops the skb before the stack",
          .workloads = {"drop"},
          .options = {choice_option("hook", {"auto", "tcx", "clsact"},
                                    "where to attach; auto: tcx where the kernel has it")},
          .probe = probe,
          .make = [] { return std::make_unique<TcDrop>(); }};
}

}  // namespace pktbench::backends
