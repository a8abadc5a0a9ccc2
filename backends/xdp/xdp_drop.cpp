#include "backends/xdp/xdp_drop.hpp"

#include <bpf/bpf.h>
#include <linux/if_link.h>

#include <cerrno>
#include <vector>

#include "bpf/counters.h"
#include "bpf/xdp_drop.skel.h"
#include "harness/sys/bpf.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::backends {

namespace {

using Skeleton = sys::SkeletonPtr<xdp_drop, xdp_drop__destroy>;

const char* hook_name(int attached) {
  switch (attached) {
    case XDP_ATTACHED_DRV:
      return "xdp-native";
    case XDP_ATTACHED_SKB:
      return "xdp-generic";
    case XDP_ATTACHED_HW:
      return "xdp-offload";
    default:
      return "none";
  }
}

class XdpDrop final : public Backend {
 public:
  explicit XdpDrop(std::uint32_t flags) : flags_(flags) {}
  ~XdpDrop() override { stop(); }

  Result<EffectiveMode> start(const BackendConfig& config) override;
  Result<Counters> sample() override;
  std::vector<pid_t> threads() const override { return {}; }
  void stop() noexcept override;

 private:
  Result<void> attach(const Port& port, bool fallback);
  Result<EffectiveMode> read_back(const Port& port) const;

  const std::uint32_t flags_;
  Port port_;
  Skeleton skeleton_;
  sys::Fd
      link_;  // the program is detached when the last reference goes, also when this process dies
  int cpus_ = 0;
};

Result<EffectiveMode> XdpDrop::start(const BackendConfig& config) {
  port_ = config.port;
  if (port_.queues > PB_MAX_QUEUES)
    return make_error(ErrorCode::unsupported, "counters cover " + std::to_string(PB_MAX_QUEUES) +
                                                  " queues; the port has " +
                                                  std::to_string(port_.queues));
  auto cpus = sys::possible_cpus();
  if (!cpus) return cpus.error();
  cpus_ = *cpus;
  auto inside = sys::NetnsScope::enter(port_.netns_path);
  if (!inside) return inside.error();
  {
    sys::LibbpfLog log;
    skeleton_.reset(xdp_drop__open());
    if (!skeleton_) return log.failure("open the XDP program", errno);
    if (int error = xdp_drop__load(skeleton_.get()); error)
      return log.failure("load the XDP program", -error);
  }
  const bool fallback =
      config.options.contains("fallback") && option<bool>(config.options, "fallback");
  if (auto r = attach(port_, fallback); !r) return r.error();
  return read_back(port_);
}

Result<void> XdpDrop::attach(const Port& port, bool fallback) {
  const int program = bpf_program__fd(skeleton_->progs.drop);
  const auto create = [&](std::uint32_t flags) {
    LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
    return bpf_link_create(program, static_cast<int>(port.ifindex), BPF_XDP, &options);
  };
  int fd = create(flags_);
  if (fd == -EOPNOTSUPP && flags_ == XDP_FLAGS_DRV_MODE && fallback)
    fd = create(XDP_FLAGS_SKB_MODE);
  if (fd >= 0) {
    link_ = sys::Fd(fd);
    return {};
  }
  Error e = system_error("attach XDP to " + port.name, -fd);
  if (fd == -EOPNOTSUPP) {
    e.code = ErrorCode::unsupported;
    e.message = "the driver of " + port.name +
                " has no native XDP; use xdp-generic, or allow \"fallback\": true";
  } else if (fd == -EBUSY || fd == -EEXIST) {
    e.code = ErrorCode::refused;
    e.message = port.name + " has an XDP program of somebody else's; it is not replaced";
  }
  return e;
}

Result<EffectiveMode> XdpDrop::read_back(const Port& port) const {
  bpf_prog_info info{};
  __u32 size = sizeof info;
  if (int error = bpf_obj_get_info_by_fd(bpf_program__fd(skeleton_->progs.drop), &info, &size))
    return system_error("read the XDP program's id", -error);
  auto link = sys::get_link(port.name);
  if (!link) return link.error();
  if (link->xdp_program_id != info.id)
    return make_error(ErrorCode::failed, port.name + " runs XDP program " +
                                             std::to_string(link->xdp_program_id) +
                                             " and not ours, " + std::to_string(info.id));
  EffectiveMode mode;
  mode.requested = flags_ == XDP_FLAGS_DRV_MODE ? "xdp-native" : "xdp-generic";
  mode.effective = hook_name(link->xdp_mode);
  mode.details["jited"] = info.jited_prog_len ? "yes" : "no";
  return mode;
}

Result<Counters> XdpDrop::sample() {
  const int map = bpf_map__fd(skeleton_->maps.queue_counters);
  std::vector<pb_queue_counters> by_cpu(static_cast<std::size_t>(cpus_));
  Counters counters;
  // Every queue there can be, so that a frame on one that was not configured is seen.
  for (__u32 queue = 0; queue < PB_MAX_QUEUES; ++queue) {
    if (int error = bpf_map_lookup_elem(map, &queue, by_cpu.data()); error)
      return system_error("read the XDP counters", -error);
    std::uint64_t packets = 0;
    for (const pb_queue_counters& c : by_cpu) {
      packets += c.packets;
      counters.bytes += c.bytes;
    }
    counters.packets += packets;
    if (queue < port_.queues || packets) {
      counters.per_queue.resize(queue + 1);
      counters.per_queue[queue] = packets;
    }
  }
  return counters;
}

void XdpDrop::stop() noexcept {
  link_.reset();
  skeleton_.reset();
}

std::string probe() {
  if (auto missing = sys::missing_capabilities(); !missing.empty())
    return "needs " + missing.front() + " (run as root)";
  if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_XDP, nullptr) != 1)
    return "this kernel has no XDP programs (CONFIG_BPF_SYSCALL)";
  return "";
}

}  // namespace

BackendType xdp_native_backend() {
  return {.name = "xdp-native",
          .summary = "XDP in the driver: counts and drops before the kernel makes an skb",
          .workloads = {"drop"},
          .options = {{.name = "fallback",
                       .default_value = false,
                       .choices = {},
                       .min = {},
                       .max = {},
                       .help = "use the generic hook where the driver has no native XDP"}},
          .probe = probe,
          .make = [] { return std::make_unique<XdpDrop>(XDP_FLAGS_DRV_MODE); }};
}

BackendType xdp_generic_backend() {
  return {.name = "xdp-generic",
          .summary = "XDP in the generic hook: works on every driver, after the skb is made",
          .workloads = {"drop"},
          .options = {},
          .probe = probe,
          .make = [] { return std::make_unique<XdpDrop>(XDP_FLAGS_SKB_MODE); }};
}

}  // namespace pktbench::backends
