// The backend `tc-drop`. There is no user-space loop; the DUT's work is NAPI's.
//
// A BPF program at tc ingress, before every other one there, counts and drops all frames. Option
// `hook`: "tcx" (Linux 6.6; goes when the process dies), "clsact" (a cls_bpf filter, which stays on
// the device when the process is killed), or "auto": tcx where the kernel has it. The mode's detail
// `hook` says which it is.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>

#include "backends/common/needs.hpp"
#include "backends/kernel/skb_backend.hpp"
#include "bpf/tc_drop.skel.h"
#include "harness/core/registry.hpp"
#include "harness/sys/bpf.hpp"
#include "harness/sys/netlink.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::backends {

namespace {

// Linux 6.6; the headers of Debian 12 are of 6.1.
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr std::uint32_t kBefore = 1U << 3;  // BPF_F_BEFORE with no other named: before all

constexpr std::uint32_t kFirst = 1;  // 0 would let the kernel choose

bpf_tc_hook hook_of(const Port& port, int where) {
  bpf_tc_hook hook{};
  hook.sz = sizeof hook;
  hook.ifindex = static_cast<int>(port.ifindex);
  hook.attach_point = static_cast<bpf_tc_attach_point>(where);
  return hook;
}

// Whether filters are left on the device's clsact qdisc; true where that cannot be found out.
bool has_filters(unsigned ifindex, std::uint32_t direction) {
  sys::NetlinkRequest request(RTM_GETTFILTER, NLM_F_DUMP);
  auto* filter = request.extra<tcmsg>();
  filter->tcm_ifindex = static_cast<int>(ifindex);
  filter->tcm_parent = TC_H_MAKE(TC_H_CLSACT, direction);
  int count = 0;
  const auto listed = request.run("list the tc filters", [&](const nlmsghdr* message) {
    count += message->nlmsg_type == RTM_NEWTFILTER;
  });
  return !listed || count > 0;
}

// A BPF program as a filter of the clsact qdisc at a device's ingress: the way before tcx.
//
// Threads: one controlling thread. Every call enters the port's namespace and returns.
class TcFilter {
 public:
  TcFilter() = default;
  ~TcFilter() { detach(); }
  TcFilter(const TcFilter&) = delete;
  TcFilter& operator=(const TcFilter&) = delete;

  // Makes the qdisc where there is none, and attaches at the first priority, ahead of filters
  // there. Errors: `refused` where another filter holds that priority; `unsupported` where the
  // kernel has no clsact.

  Result<void> attach(const Port& port, int program) {
    port_ = port;
    auto inside = sys::NetnsScope::enter(port.netns_path);
    if (!inside) return inside.error();
    sys::LibbpfLog log;
    bpf_tc_hook hook = hook_of(port, BPF_TC_INGRESS | BPF_TC_EGRESS);
    const int made = bpf_tc_hook_create(&hook);
    if (made != 0 && made != -EEXIST) {
      Error e = log.failure("make the clsact qdisc on " + port.name, -made);
      if (made == -EOPNOTSUPP || made == -ENOENT) e.code = ErrorCode::unsupported;
      return e;
    }
    made_qdisc_ = made == 0;
    hook = hook_of(port, BPF_TC_INGRESS);
    LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .priority = kFirst);
    if (const int error = bpf_tc_attach(&hook, &options); error) {
      Error e = log.failure("attach a tc filter to " + port.name, -error);
      if (made == -EEXIST && (error == -EEXIST || error == -EINVAL)) {
        e.code = ErrorCode::refused;
        e.message =
            port.name + " has a tc filter of somebody else's at priority 1; it is not replaced";
      }
      detach();
      return e;
    }
    handle_ = options.handle;
    return {};
  }

  // The program that the filter runs, as the kernel says.

  Result<unsigned> program_id() const {
    auto inside = sys::NetnsScope::enter(port_.netns_path);
    if (!inside) return inside.error();
    sys::LibbpfLog log;
    const bpf_tc_hook hook = hook_of(port_, BPF_TC_INGRESS);
    LIBBPF_OPTS(bpf_tc_opts, options, .handle = handle_, .priority = kFirst);
    if (const int error = bpf_tc_query(&hook, &options); error)
      return log.failure("read back the tc filter of " + port_.name, -error);
    return options.prog_id;
  }

  // Also removes the qdisc if it was made here and nobody has put a filter into it since.

  void detach() noexcept {
    if (!handle_ && !made_qdisc_) return;
    // No namespace: the device went with it, and all that was on it.
    if (auto inside = sys::NetnsScope::enter(port_.netns_path)) {
      sys::LibbpfLog log;
      if (handle_) {
        const bpf_tc_hook hook = hook_of(port_, BPF_TC_INGRESS);
        LIBBPF_OPTS(bpf_tc_opts, options, .handle = handle_, .priority = kFirst);
        (void)bpf_tc_detach(&hook, &options);
      }
      if (made_qdisc_ && !has_filters(port_.ifindex, TC_H_MIN_INGRESS) &&
          !has_filters(port_.ifindex, TC_H_MIN_EGRESS)) {
        bpf_tc_hook hook = hook_of(port_, BPF_TC_INGRESS | BPF_TC_EGRESS);
        (void)bpf_tc_hook_destroy(&hook);
      }
    }
    handle_ = 0;
    made_qdisc_ = false;
  }

 private:
  Port port_;
  bool made_qdisc_ = false;
  std::uint32_t handle_ = 0;  // 0: not attached
};

class TcDrop final : public kernel::SkbBackend {
 public:
  ~TcDrop() override { stop(); }
  void stop() noexcept override {
    link_.reset();
    filter_.detach();
    skeleton_.reset();
    counters_ = -1;
  }

 private:
  Result<EffectiveMode> attach(const BackendConfig& config) override {
    {
      sys::LibbpfLog log;
      skeleton_.reset(tc_drop__open());
      if (!skeleton_) return log.failure("open the tc program", errno);
      if (int error = tc_drop__load(skeleton_.get()); error)
        return log.failure("load the tc program", -error);
    }
    counters_ = bpf_map__fd(skeleton_->maps.queue_counters);
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

  Result<void> attach_tcx() {
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
  Result<EffectiveMode> read_back() {
    if (auto r = sys::program_info(bpf_program__fd(skeleton_->progs.drop)).into(program_); !r)
      return r.error();
    std::array<__u32, 64> programs{};
    auto count = static_cast<__u32>(programs.size());
    const int error = bpf_prog_query(static_cast<int>(port_.ifindex), kTcxIngress, 0, nullptr,
                                     programs.data(), &count);
    if (error && error != -EINVAL)
      return system_error("read back the tcx programs of " + port_.name, -error);
    if (error) count = 0;  // a kernel without tcx
    EffectiveMode mode{"tc-drop", "tc-drop", {{"jited", program_.jited}}};
    if (link_) {
      if (count == 0 || programs.front() != program_.id)
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
    if (*attached != program_.id)
      return make_error(ErrorCode::failed, "the tc filter of {} runs program {} and not ours, {}",
                        port_.name, *attached, program_.id);
    mode.details["hook"] = "clsact";
    return mode;
  }

  sys::SkeletonPtr<tc_drop, tc_drop__destroy> skeleton_;
  sys::Fd link_;  // tcx: detached when the last reference goes, also when this process dies
  TcFilter filter_;
};

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
