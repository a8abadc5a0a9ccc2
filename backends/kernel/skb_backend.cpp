#include "backends/kernel/skb_backend.hpp"

#include "backends/common/needs.hpp"
#include "bpf/counters.h"
#include "harness/sys/bpf.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::kernel {

std::string driver_name(const std::string& device) {
  const auto info = sys::driver_info(device);
  return info ? info->driver : "";
}

Result<EffectiveMode> SkbBackend::begin(const BackendConfig& config) {
  port_ = config.port;
  if (auto r = backends::needs_queues(port_, PB_MAX_QUEUES, "a BPF program"); !r) return r.error();
  auto inside = sys::NetnsScope::enter(port_.netns_path);
  if (!inside) return inside.error();
  // Frames that cross a veth carry the sender's queue, or none, in the place of the receiver's.
  const std::string driver = driver_name(port_.name);
  queue_is_recorded_ = !driver.empty() && driver != "veth";
  return attach(config);
}

Result<Counters> SkbBackend::sample() {
  if (counters_ < 0) return make_error(ErrorCode::failed, "the BPF program is not started");
  Counters counters;
  std::uint64_t unrecorded = 0;
  for (std::uint32_t slot = 0; slot < PB_QUEUE_SLOTS; ++slot) {
    const auto c = sys::sum_over_cpus<pb_frame_counters>(counters_, slot, "read the BPF counters");
    if (!c) return c.error();
    counters.packets += c->packets;
    counters.bytes += c->bytes;
    if (slot == 0) {
      unrecorded = c->packets;
    } else if (slot <= port_.queues || c->packets) {
      counters.per_queue.resize(slot);
      counters.per_queue[slot - 1] = c->packets;
    }
  }
  if (port_.queues == 1)
    counters.per_queue = {counters.packets};
  else if (!queue_is_recorded_ || unrecorded)
    counters.per_queue.clear();
  return counters;
}

}  // namespace pktbench::kernel
