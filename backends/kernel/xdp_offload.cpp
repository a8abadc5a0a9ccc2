// The backend `xdp-offload`. There is no user-space loop; the DUT's work is NAPI's.
//
// The program runs on the NIC. `unsupported`, in the driver's own words, where the NIC cannot.
#include <bpf/bpf.h>
#include <linux/if_link.h>

#include <cerrno>
#include <utility>

#include "backends/common/clean_start.hpp"
#include "backends/common/needs.hpp"
#include "backends/kernel/skb_backend.hpp"
#include "bpf/counters.h"
#include "bpf/xdp_offload.skel.h"
#include "harness/core/registry.hpp"
#include "harness/sys/bpf.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::backends {

namespace {

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

class XdpOffload final : public CleanStart {
 public:
  ~XdpOffload() override { stop(); }

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

  std::vector<std::uint32_t> programs() const override { return {attached_.program.id}; }

  void stop() noexcept override {
    attached_.link.reset();
    skeleton_.reset();
  }

 private:
  Result<EffectiveMode> begin(const BackendConfig& config) override {
    const Port& port = config.port;
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
    auto attached =
        sys::attach_xdp(port, bpf_program__fd(skeleton_->progs.drop), XDP_FLAGS_HW_MODE, "");
    // Without an errno it is attached, or refused.
    if (!attached && attached.error().sys_errno != 0)
      return refusal(log, port, "attach the program", -attached.error().sys_errno);
    if (auto r = std::move(attached).into(attached_); !r) return r.error();
    if (attached_.mode != XDP_ATTACHED_HW)
      return make_error(ErrorCode::failed, "{} does not run our program on the NIC", port.name);
    return EffectiveMode{"xdp-offload", "xdp-offload", {}};
  }

  sys::SkeletonPtr<xdp_offload, xdp_offload__destroy> skeleton_;
  sys::AttachedXdp attached_;
};

Unavailable probe() { return without_programs(BPF_PROG_TYPE_XDP, "XDP programs"); }

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
