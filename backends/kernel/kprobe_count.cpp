// The backend `kprobe-count`. There is no user-space loop; the DUT's work is NAPI's.
//
// The spectator: counts the port's IPv4 packets and lets them go on. Option `probe`: "fentry"
// counts where the IP layer receives them (ip_rcv_core); "tracepoint" a little earlier, at the
// stack's door (netif_receive_skb, before packet sockets and tc); "auto": fentry where the host
// allows it. The mode's detail `probe` says which it is; the two are not to be compared. What
// becomes of the packets is the stack's affair, and its cost is the DUT's: nobody listens, so it
// answers some with an ICMP error, as many as its rate limit lets.
#include <bpf/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "backends/common/needs.hpp"
#include "backends/kernel/skb_backend.hpp"
#include "bpf/kprobe_count.skel.h"
#include "harness/core/registry.hpp"
#include "harness/sys/bpf.hpp"

namespace pktbench::backends {

namespace {

struct Place {
  const char* kind;  // as in the option `probe`
  const char* name;
  bpf_attach_type attach_type;
};
constexpr Place kFentry{"fentry", "ip_rcv_core", BPF_TRACE_FENTRY};
constexpr Place kTracepoint{"tracepoint", "netif_receive_skb", BPF_TRACE_RAW_TP};

class KprobeCount final : public kernel::SkbBackend {
 public:
  ~KprobeCount() override { stop(); }
  void stop() noexcept override {
    link_.reset();
    skeleton_.reset();
    counters_ = -1;
  }

 private:
  Result<EffectiveMode> attach(const BackendConfig& config) override {
    if (config.traffic.ip != 4)
      return make_error(ErrorCode::unsupported,
                        "kprobe-count counts where the kernel receives IPv4, which IPv6 frames do "
                        "not pass");
    struct stat netns {};
    if (stat("/proc/thread-self/ns/net", &netns) != 0)
      return system_error("read the namespace of " + port_.name, errno);
    const auto place = option<std::string>(config.options, "probe");
    if (auto r = attach_to(place == "fentry" ? kFentry : kTracepoint,
                           static_cast<unsigned>(netns.st_ino));
        !r)
      return r.error();
    return read_back();
  }

  Result<void> attach_to(const Place& place, unsigned netns) {
    sys::LibbpfLog log;
    skeleton_.reset(kprobe_count__open());
    if (!skeleton_) return log.failure("open the program that counts", errno);
    skeleton_->rodata->our_ifindex = static_cast<int>(port_.ifindex);
    skeleton_->rodata->our_netns = netns;
    const bool fentry = place.attach_type == BPF_TRACE_FENTRY;
    loaded_ = fentry ? skeleton_->progs.count_in_ip : skeleton_->progs.count_at_door;
    bpf_program__set_autoload(skeleton_->progs.count_in_ip, fentry);
    bpf_program__set_autoload(skeleton_->progs.count_at_door, !fentry);
    int error = -kprobe_count__load(skeleton_.get());
    if (!error) {
      counters_ = bpf_map__fd(skeleton_->maps.queue_counters);
      link_.reset(bpf_program__attach(loaded_));
      if (link_) return {};
      error = errno;
    }
    Error e = log.failure(std::string("attach to ") + place.kind + " " + place.name, error);
    // No such function in BTF; refused by the host's policy, as our capabilities are there; and the
    // kernel's own ENOTSUPP, of a CPU without BPF trampolines.
    if (error == ESRCH || error == ENOENT || error == EPERM || error == 524)
      e.code = ErrorCode::unsupported;
    return e;
  }

  Result<EffectiveMode> read_back() {
    if (auto r = sys::program_info(bpf_program__fd(loaded_)).into(program_); !r) return r.error();
    bpf_link_info info{};
    __u32 size = sizeof info;
    if (int error = bpf_obj_get_info_by_fd(bpf_link__fd(link_.get()), &info, &size))
      return system_error("read back the link", -error);
    const Place* place = nullptr;
    if (info.type == BPF_LINK_TYPE_TRACING && info.tracing.attach_type == BPF_TRACE_FENTRY)
      place = &kFentry;
    if (info.type == BPF_LINK_TYPE_RAW_TRACEPOINT) place = &kTracepoint;
    if (!place || info.prog_id != program_.id)
      return make_error(ErrorCode::failed, "the kernel runs another program than was attached");
    return EffectiveMode{"kprobe-count",
                         "kprobe-count",
                         {{"probe", place->kind},
                          {"place", place->name},
                          {"then", "the packet goes on into the stack, where nobody listens"},
                          {"jited", program_.jited}}};
  }

  sys::SkeletonPtr<kprobe_count, kprobe_count__destroy> skeleton_;
  bpf_program* loaded_ = nullptr;
  sys::LinkPtr link_;  // detached with its last reference, also when this process dies
};

Unavailable probe() {
  if (auto why = without_root(); !why.empty()) return why;
  if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
    return "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)";
  // libbpf's own probe for tracing programs takes newer kernels for ones without.
  const sys::LibbpfLog log;
  for (const Place& place : {kFentry, kTracepoint})
    if (libbpf_find_vmlinux_btf_id(place.name, place.attach_type) > 0) return "";
  return "this kernel's BTF has neither ip_rcv_core nor the tracepoint netif_receive_skb";
}

}  // namespace

BackendType kprobe_count_backend() {
  return {
      .name = "kprobe-count",
      .summary = "a spectator: counts, and the packet goes on into the stack, where nobody listens",
      .workloads = {"drop", "pass"},
      .options = {choice_option("probe", {"fentry", "tracepoint"},
                                "fentry: in the IP layer; tracepoint: at the stack's door, before "
                                "tc and packet sockets")},
      .probe = probe,
      .make = [] { return std::make_unique<KprobeCount>(); }};
}

}  // namespace pktbench::backends
