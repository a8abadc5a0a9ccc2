#include "backends/xdp/xdp.hpp"

#include <linux/if_link.h>

#include <optional>
#include <vector>

#include "backends/common/clean_start.hpp"
#include "backends/common/needs.hpp"
#include "backends/common/workload_state.hpp"
#include "backends/common/xdp_hook.hpp"
#include "backends/xdp/xdp_program.hpp"
#include "bpf/counters.h"
#include "harness/sys/fd.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::backends {

namespace {

class Xdp final : public CleanStart, public FilterControl {
 public:
  explicit Xdp(std::uint32_t flags) : flags_(flags) {}
  ~Xdp() override { stop(); }

  Result<Counters> sample() override;
  std::vector<std::uint32_t> programs() const override { return {program_id_}; }
  void stop() noexcept override;
  Result<void> set_filtered(std::uint16_t udp_port, bool filtered) override;

 private:
  Result<EffectiveMode> begin(const BackendConfig& config) override;

  const std::uint32_t flags_;
  bool generic_ = false;  // as read back
  std::uint32_t program_id_ = 0;
  Port port_;
  std::string workload_;
  std::optional<XdpProgram> program_;
  sys::Fd link_;
};

Result<EffectiveMode> Xdp::begin(const BackendConfig& config) {
  port_ = config.port;
  workload_ = config.workload;
  if (auto r = needs_queues(port_, PB_MAX_QUEUES, "an XDP program"); !r) return r.error();
  auto inside = sys::NetnsScope::enter(port_.netns_path);
  if (!inside) return inside.error();
  if (auto r = XdpProgram::load(workload_).into(program_); !r) return r.error();
  program_->set_filter(config.filter_ports);

  auto link =
      attach_xdp(port_, program_->fd(), flags_, "use xdp-generic, or allow \"fallback\": true");
  const auto fallback = config.options.find("fallback");
  if (!link && link.error().code == ErrorCode::unsupported && fallback != config.options.end() &&
      std::get<bool>(fallback->second))
    link = attach_xdp(port_, program_->fd(), XDP_FLAGS_SKB_MODE, "");
  if (!link) return link.error();
  link_ = std::move(*link);

  auto ours = program_info(program_->fd());
  if (!ours) return ours.error();
  auto device = running_xdp(port_.name, ours->id);
  if (!device) return device.error();
  program_id_ = ours->id;
  generic_ = device->xdp_mode == XDP_ATTACHED_SKB;
  return EffectiveMode{flags_ == XDP_FLAGS_DRV_MODE ? "xdp-native" : "xdp-generic",
                       std::string("xdp-") + xdp_hook_name(device->xdp_mode),
                       {{"jited", ours->jited}}};
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
  counters.details = workload_details(workload_of(workload_), all.outcomes, all.addresses);
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

Unavailable probe() { return without_programs(BPF_PROG_TYPE_XDP, "XDP programs"); }

}  // namespace

BackendType xdp_native_backend() {
  return {.name = "xdp-native",
          .summary = "XDP in the driver, before the kernel makes an skb",
          .workloads = XdpProgram::workloads(),
          .options = {flag_option("fallback", false,
                                  "use the generic hook where the driver has no native XDP")},
          .probe = probe,
          .make = [] { return std::make_unique<Xdp>(XDP_FLAGS_DRV_MODE); }};
}

BackendType xdp_generic_backend() {
  return {.name = "xdp-generic",
          .summary = "XDP in the generic hook: works on every driver, after the skb is made",
          .workloads = XdpProgram::workloads(),
          .options = {},
          .probe = probe,
          .make = [] { return std::make_unique<Xdp>(XDP_FLAGS_SKB_MODE); }};
}

}  // namespace pktbench::backends
