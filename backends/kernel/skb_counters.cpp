#include "backends/kernel/skb_counters.hpp"

#include <bpf/bpf.h>

#include <vector>

#include "bpf/frame_counters.h"
#include "harness/sys/ethtool.hpp"

namespace pktbench::kernel {

Result<Counters> read_skb_counters(int map, int cpus, unsigned queues, bool queue_is_recorded) {
  std::vector<pb_frame_counters> by_cpu(static_cast<std::size_t>(cpus));
  Counters counters;
  std::uint64_t unrecorded = 0;
  for (__u32 slot = 0; slot < PB_QUEUE_SLOTS; ++slot) {
    if (int error = bpf_map_lookup_elem(map, &slot, by_cpu.data()); error)
      return system_error("read the BPF counters", -error);
    std::uint64_t packets = 0;
    for (const pb_frame_counters& c : by_cpu) {
      packets += c.packets;
      counters.bytes += c.bytes;
    }
    counters.packets += packets;
    if (slot == 0) {
      unrecorded = packets;
    } else if (slot <= queues || packets) {
      counters.per_queue.resize(slot);
      counters.per_queue[slot - 1] = packets;
    }
  }
  if (queues == 1)
    counters.per_queue = {counters.packets};
  else if (!queue_is_recorded || unrecorded)
    counters.per_queue.clear();
  return counters;
}

Result<ProgramInfo> program_info(int program) {
  bpf_prog_info info{};
  __u32 size = sizeof info;
  if (int error = bpf_obj_get_info_by_fd(program, &info, &size))
    return system_error("read the BPF program's id", -error);
  return ProgramInfo{info.id, info.jited_prog_len != 0};
}

std::string driver_name(const std::string& device) {
  const auto info = sys::driver_info(device);
  return info ? info->driver : "";
}

}  // namespace pktbench::kernel
