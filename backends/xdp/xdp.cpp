#include "backends/xdp/xdp.hpp"

#include <bpf/bpf.h>
#include <linux/if_link.h>

#include <cerrno>
#include <optional>
#include <vector>

#include "backends/common/workload_state.hpp"
#include "backends/xdp/xdp_program.hpp"
#include "bpf/counters.h"
#include "harness/sys/cpu.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::backends {

namespace {

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

class Xdp final : public Backend, public FilterControl {
 public:
  explicit Xdp(std::uint32_t flags) : flags_(flags) {}
  ~Xdp() override { stop(); }

  Result<EffectiveMode> start(const BackendConfig& config) override;
  Result<Counters> sample() override;
  std::vector<pid_t> threads() const override { return {}; }
  std::vector<std::uint32_t> programs() const override { return {program_id_}; }
  void stop() noexcept override;
  Result<void> set_filtered(std::uint16_t udp_port, bool filtered) override;

 private:
  Result<void> attach(const Port& port, bool fallback);
  Result<EffectiveMode> read_back(const Port& port);

  const std::uint32_t flags_;
  bool generic_ = false;  // as read back
  std::uint32_t program_id_ = 0;
  Port port_;
  std::string workload_;
  std::optional<XdpProgram> program_;
  // The program is detached when the last reference goes, also when this process dies.
  sys::Fd link_;
};

Result<EffectiveMode> Xdp::start(const BackendConfig& config) {
  port_ = config.port;
  if (port_.queues > PB_MAX_QUEUES)
    return make_error(ErrorCode::unsupported, "counters cover {} queues; the port has {}",
                      PB_MAX_QUEUES, port_.queues);
  stop();
  workload_ = config.workload;
  auto inside = sys::NetnsScope::enter(port_.netns_path);
  if (!inside) return inside.error();
  auto program = XdpProgram::load(workload_);
  if (!program) return program.error();
  program_ = std::move(*program);
  program_->set_filter(config.filter_ports);
  const bool fallback =
      config.options.contains("fallback") && option<bool>(config.options, "fallback");
  if (auto r = attach(port_, fallback); !r) {
    stop();
    return r.error();
  }
  auto mode = read_back(port_);
  if (!mode) stop();
  return mode;
}

Result<void> Xdp::attach(const Port& port, bool fallback) {
  const int program = program_->fd();
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

Result<EffectiveMode> Xdp::read_back(const Port& port) {
  bpf_prog_info info{};
  __u32 size = sizeof info;
  if (int error = bpf_obj_get_info_by_fd(program_->fd(), &info, &size))
    return system_error("read the XDP program's id", -error);
  auto link = sys::get_link(port.name);
  if (!link) return link.error();
  if (link->xdp_program_id != info.id)
    return make_error(ErrorCode::failed, "{} runs XDP program {} and not ours, {}", port.name,
                      link->xdp_program_id, info.id);
  program_id_ = info.id;
  EffectiveMode mode;
  generic_ = link->xdp_mode == XDP_ATTACHED_SKB;
  mode.requested = flags_ == XDP_FLAGS_DRV_MODE ? "xdp-native" : "xdp-generic";
  mode.effective = hook_name(link->xdp_mode);
  mode.details["jited"] = info.jited_prog_len ? "yes" : "no";
  return mode;
}

Result<Counters> Xdp::sample() {
  if (!program_) return make_error(ErrorCode::failed, "the XDP program is not started");
  Counters counters;
  pb_queue_counters all{};
  // Every queue there can be, so that a frame on one that was not configured is seen.
  for (std::uint32_t queue = 0; queue < PB_MAX_QUEUES; ++queue) {
    const auto c = program_->counters(queue);
    if (!c) return c.error();
    counters.packets += c->packets;
    counters.bytes += c->bytes;
    for (int i = 0; i < PB_OUTCOMES; ++i) all.outcomes[i] += c->outcomes[i];
    all.addresses += c->addresses;
    if (queue < port_.queues || c->packets) {
      counters.per_queue.resize(queue + 1);
      counters.per_queue[queue] = c->packets;
    }
  }
  // The generic hook knows the queue only where the driver wrote it into the skb, as veth does not.
  if (generic_ && port_.queues > 1) counters.per_queue.clear();
  counters.details = workload_details(workload_, all.outcomes, all.addresses);
  return counters;
}

void Xdp::stop() noexcept {
  link_.reset();
  program_.reset();
}

Result<void> Xdp::set_filtered(std::uint16_t udp_port, bool filtered) {
  if (!program_) return make_error(ErrorCode::failed, "the XDP program is not started");
  return program_->set_filtered(udp_port, filtered);
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
          .summary = "XDP in the driver, before the kernel makes an skb",
          .workloads = workload_names(),
          .options = {flag_option("fallback", false,
                                  "use the generic hook where the driver has no native XDP")},
          .probe = probe,
          .make = [] { return std::make_unique<Xdp>(XDP_FLAGS_DRV_MODE); }};
}

BackendType xdp_generic_backend() {
  return {.name = "xdp-generic",
          .summary = "XDP in the generic hook: works on every driver, after the skb is made",
          .workloads = workload_names(),
          .options = {},
          .probe = probe,
          .make = [] { return std::make_unique<Xdp>(XDP_FLAGS_SKB_MODE); }};
}

}  // namespace pktbench::backends
