#include "backends/kernel/skb_backend.hpp"

#include <bpf/bpf.h>

#include "backends/common/needs.hpp"
#include "bpf/frame_counters.h"
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
  if (auto r = sys::possible_cpus().into(cpus_); !r) return r.error();
  auto inside = sys::NetnsScope::enter(port_.netns_path);
  if (!inside) return inside.error();
  // Frames that cross a veth carry the sender's queue, or none, in the place of the receiver's.
  const std::string driver = driver_name(port_.name);
  queue_is_recorded_ = !driver.empty() && driver != "veth";
  return attach(config.options);
}

Result<Counters> SkbBackend::sample() {
  const auto map = counters();
  if (!map) return make_error(ErrorCode::failed, "the BPF program is not started");
  std::vector<pb_frame_counters> by_cpu(static_cast<std::size_t>(cpus_));
  Counters counters;
  std::uint64_t unrecorded = 0;
  for (__u32 slot = 0; slot < PB_QUEUE_SLOTS; ++slot) {
    if (int error = bpf_map_lookup_elem(*map, &slot, by_cpu.data()); error)
      return system_error("read the BPF counters", -error);
    std::uint64_t packets = 0;
    for (const pb_frame_counters& c : by_cpu) {
      packets += c.packets;
      counters.bytes += c.bytes;
    }
    counters.packets += packets;
    if (slot == 0) {
      unrecorded = packets;
    } else if (slot <= port_.queues || packets) {
      counters.per_queue.resize(slot);
      counters.per_queue[slot - 1] = packets;
    }
  }
  if (port_.queues == 1)
    counters.per_queue = {counters.packets};
  else if (!queue_is_recorded_ || unrecorded)
    counters.per_queue.clear();
  return counters;
}

}  // namespace pktbench::kernel
