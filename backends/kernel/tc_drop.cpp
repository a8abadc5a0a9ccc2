#include <bpf/bpf.h>

#include <array>
#include <cerrno>

#include "backends/common/needs.hpp"
#include "backends/kernel/kernel.hpp"
#include "backends/kernel/skb_backend.hpp"
#include "backends/kernel/tc_filter.hpp"
#include "bpf/tc_drop.skel.h"
#include "harness/sys/bpf.hpp"

namespace pktbench::backends {

namespace {

using Skeleton = sys::SkeletonPtr<tc_drop, tc_drop__destroy>;

// Linux 6.6; the headers of Debian 12 are of 6.1.
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr std::uint32_t kBefore = 1U << 3;  // BPF_F_BEFORE with no other named: before all

class TcDrop final : public kernel::SkbBackend {
 public:
  ~TcDrop() override { stop(); }
  void stop() noexcept override {
    link_.reset();
    filter_.detach();
    skeleton_.reset();
  }

 private:
  Result<EffectiveMode> attach(const Options& options) override;
  std::optional<int> counters() const override {
    if (!skeleton_) return std::nullopt;
    return bpf_map__fd(skeleton_->maps.queue_counters);
  }
  Result<void> attach_tcx();
  Result<EffectiveMode> read_back();

  Skeleton skeleton_;
  sys::Fd link_;  // tcx: detached when the last reference goes, also when this process dies
  kernel::TcFilter filter_;
};

Result<EffectiveMode> TcDrop::attach(const Options& options) {
  {
    sys::LibbpfLog log;
    skeleton_.reset(tc_drop__open());
    if (!skeleton_) return log.failure("open the tc program", errno);
    if (int error = tc_drop__load(skeleton_.get()); error)
      return log.failure("load the tc program", -error);
  }
  const auto hook = option<std::string>(options, "hook");
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
  auto ours = program_info(bpf_program__fd(skeleton_->progs.drop));
  if (!ours) return ours.error();
  program_ = *ours;
  std::array<__u32, 64> programs{};
  auto count = static_cast<__u32>(programs.size());
  const int error = bpf_prog_query(static_cast<int>(port_.ifindex), kTcxIngress, 0, nullptr,
                                   programs.data(), &count);
  if (error && error != -EINVAL)
    return system_error("read back the tcx programs of " + port_.name, -error);
  if (error) count = 0;  // a kernel without tcx
  EffectiveMode mode{"tc-drop", "tc-drop", {{"jited", ours->jited}}};
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

Unavailable probe() { return without_programs(BPF_PROG_TYPE_SCHED_CLS, "BPF programs for tc"); }

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
