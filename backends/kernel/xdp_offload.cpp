#include <bpf/bpf.h>
#include <linux/if_link.h>

#include <cerrno>

#include "backends/kernel/kernel.hpp"
#include "backends/kernel/skb_counters.hpp"
#include "bpf/frame_counters.h"
#include "bpf/xdp_offload.skel.h"
#include "harness/sys/bpf.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::backends {

namespace {

using Skeleton = sys::SkeletonPtr<xdp_offload, xdp_offload__destroy>;

class XdpOffload final : public Backend {
 public:
  ~XdpOffload() override { stop(); }

  Result<EffectiveMode> start(const BackendConfig& config) override {
    stop();
    auto mode = begin(config.port);
    if (!mode) stop();
    return mode;
  }

  Result<Counters> sample() override {
    if (!skeleton_) return make_error(ErrorCode::failed, "xdp-offload is not started");
    pb_frame_counters c{};
    const __u32 slot = 0;
    if (int error = bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.device_counters), &slot, &c))
      return system_error("read the counters on the NIC", -error);
    Counters counters;
    counters.packets = c.packets;
    counters.bytes = c.bytes;
    return counters;
  }

  std::vector<pid_t> threads() const override { return {}; }
  std::vector<std::uint32_t> programs() const override { return {program_id_}; }

  void stop() noexcept override {
    link_.reset();
    skeleton_.reset();
  }

 private:
  Result<EffectiveMode> begin(const Port& port);

  Skeleton skeleton_;
  std::uint32_t program_id_ = 0;
  sys::Fd link_;  // detached with its last reference, also when this process dies
};

// The driver says no with one of these; a BPF program that is wrong fails with others.
bool is_refusal(int error) {
  return error == -EINVAL || error == -EOPNOTSUPP || error == -524;  // ENOTSUPP, the kernel's own
}

Error refusal(const sys::LibbpfLog& log, const Port& port, const std::string& what, int error) {
  Error e = log.failure(what, -error);
  if (!is_refusal(error)) return e;
  const std::string driver = kernel::driver_name(port.name);
  e.code = ErrorCode::unsupported;
  e.message = port.name + " cannot run XDP on the NIC: its driver" +
              (driver.empty() ? "" : " (" + driver + ")") + " refuses to " + e.message;
  return e;
}

Result<EffectiveMode> XdpOffload::begin(const Port& port) {
  auto inside = sys::NetnsScope::enter(port.netns_path);
  if (!inside) return inside.error();
  sys::LibbpfLog log;
  skeleton_.reset(xdp_offload__open());
  if (!skeleton_) return log.failure("open the XDP program", errno);
  bpf_program__set_ifindex(skeleton_->progs.drop, port.ifindex);
  if (int error = bpf_map__set_ifindex(skeleton_->maps.device_counters, port.ifindex); error)
    return log.failure("bind the counters to " + port.name, -error);
  if (int error = xdp_offload__load(skeleton_.get()); error)
    return refusal(log, port, "take the program and its map", error);
  const int program = bpf_program__fd(skeleton_->progs.drop);
  LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_HW_MODE);
  const int fd = bpf_link_create(program, static_cast<int>(port.ifindex), BPF_XDP, &options);
  if (fd == -EBUSY || fd == -EEXIST)
    return make_error(ErrorCode::refused,
                      port.name + " has an XDP program of somebody else's; it is not replaced");
  if (fd < 0) return refusal(log, port, "attach the program", fd);
  link_ = sys::Fd(fd);

  auto ours = kernel::program_info(program);
  if (!ours) return ours.error();
  auto link = sys::get_link(port.name);
  if (!link) return link.error();
  if (link->xdp_mode != XDP_ATTACHED_HW || link->xdp_program_id != ours->id)
    return make_error(ErrorCode::failed, port.name + " does not run our program on the NIC");
  program_id_ = ours->id;
  return EffectiveMode{"xdp-offload", "xdp-offload", {}};
}

std::string probe() {
  if (auto missing = sys::missing_capabilities(); !missing.empty())
    return "needs " + missing.front() + " (run as root)";
  if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_XDP, nullptr) != 1)
    return "this kernel has no XDP programs (CONFIG_BPF_SYSCALL)";
  return "";
}

}  // namespace

BackendType xdp_offload_backend() {
  return {.name = "xdp-offload",
          .summary = "XDP on the NIC itself: counts and drops before the host sees the frame",
          .workloads = {"drop"},
          .options = {},
          .probe = probe,
          .make = [] { return std::make_unique<XdpOffload>(); }};
}

}  // namespace pktbench::backends
