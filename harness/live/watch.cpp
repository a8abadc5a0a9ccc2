#include "harness/live/watch.hpp"

#include <bpf/bpf.h>
#include <linux/if_link.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "bpf/watch.h"
#include "bpf/xdp_watch.skel.h"
#include "harness/sys/cpu.hpp"
#include "harness/sys/rtnl_dump.hpp"
#include "harness/sys/xdp_links.hpp"

namespace pktbench {

namespace {

// Who has the device, for whoever may not have it.
std::string holder_of(const std::string& device) {
  auto devices = sys::list_devices();
  if (!devices) return "";
  std::string who;
  for (sys::Device& d : *devices) {
    if (d.name != device) continue;
    sys::find_xdp_links(d);
    for (const sys::XdpAttachment& xdp : d.xdp)
      who += fmt::format("; program {} ({}){}", xdp.program_id, xdp.mode, sys::held_by(xdp));
  }
  return who;
}

// By CPU, of all that there may ever be. `key` is of the map's size.
class PerCpu {
 public:
  PerCpu() : values_(static_cast<std::size_t>(std::max(1, libbpf_num_possible_cpus()))) {}

  // False: there is no such key.
  Result<bool> read(int map, const void* key) {
    const int error = bpf_map_lookup_elem(map, key, values_.data());
    if (error == -ENOENT) return false;
    if (error) return system_error("read what the XDP program has counted", -error);
    return true;
  }
  const std::vector<pb_frame_counters>& values() const { return values_; }
  FrameCount sum() const {
    FrameCount all;
    for (const auto& [packets, bytes] : values_) all += {packets, bytes};
    return all;
  }

 private:
  std::vector<pb_frame_counters> values_;
};

std::string text_of(const pb_address& address) {
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &address, sizeof address);
  const auto ip = sys::address_from(AF_INET6, bytes.data());
  return ip ? sys::to_text(*ip) : "";
}

Result<AddressCounts> read_addresses(const xdp_watch& program, PerCpu& values) {
  AddressCounts made;
  const int map = bpf_map__fd(program.maps.addresses);
  pb_address key{};
  // Entries are added and never removed, so that no key is lost on the way.
  for (int error = bpf_map_get_next_key(map, nullptr, &key); error == 0;
       error = bpf_map_get_next_key(map, &key, &key)) {
    auto there = values.read(map, &key);
    if (!there) return there.error();
    if (*there) made.counts[text_of(key)] += values.sum();
  }
  for (const auto& [place, count] :
       {std::pair{PB_NO_ADDRESS, &made.without_address}, std::pair{PB_NO_ROOM, &made.no_room}}) {
    const std::uint32_t slot = place;
    if (auto r = values.read(bpf_map__fd(program.maps.unlisted), &slot); !r) return r.error();
    *count = values.sum();
  }
  return made;
}

}  // namespace

void Watch::Skeleton::operator()(xdp_watch* skeleton) const { xdp_watch__destroy(skeleton); }

Result<Watch> Watch::attach(const std::string& device, const WatchOptions& options) {
  const auto link = sys::get_link(device);
  if (!link) return link.error();
  Watch watch;
  watch.device_ = device;
  watch.ifindex_ = link->ifindex;
  watch.per_address_ = options.per_address;
  {
    sys::LibbpfLog log;
    watch.program_.reset(xdp_watch__open());
    if (!watch.program_) return log.failure("open the XDP program", errno);
    watch.program_->rodata->per_address = options.per_address;
    if (!options.per_address) bpf_map__set_max_entries(watch.program_->maps.addresses, 1);
    if (const int error = xdp_watch__load(watch.program_.get()); error)
      return log.failure("load the XDP program", -error);
  }
  Port port;
  port.name = device;
  port.ifindex = link->ifindex;
  const int program = bpf_program__fd(watch.program_->progs.watch);
  watch.began_ns_ = sys::monotonic_ns();
  auto attached = sys::attach_xdp(port, program, XDP_FLAGS_DRV_MODE,
                                  "--fallback counts in the generic hook, at more cost");
  if (!attached && attached.error().code == ErrorCode::unsupported && options.fallback)
    attached = sys::attach_xdp(port, program, XDP_FLAGS_SKB_MODE, "");
  if (!attached && attached.error().code == ErrorCode::refused) {
    Error error = attached.error();
    error.message += holder_of(device);
    return error;
  }
  if (auto r = std::move(attached).into(watch.attached_); !r) return r.error();
  return watch;
}

Result<WatchCounts> Watch::read() const {
  const auto link = sys::get_link(device_);
  if (!link || link->ifindex != ifindex_)
    return make_error(ErrorCode::failed, "{} is gone", device_);
  if (link->xdp_program_id != attached_.program.id)
    return make_error(
        ErrorCode::failed, "the program was taken off {}: it has {} now", device_,
        link->xdp_program_id ? "XDP program " + std::to_string(link->xdp_program_id) : "none");
  WatchCounts made;
  PerCpu values;
  for (std::uint32_t queue = 0; queue < PB_WATCH_SLOTS; ++queue) {
    if (auto r = values.read(bpf_map__fd(program_->maps.queues), &queue); !r) return r.error();
    if (values.sum().packets == 0) continue;
    made.queues[queue] = values.sum();
    made.all += values.sum();
    for (std::uint32_t cpu = 0; cpu < values.values().size(); ++cpu)
      if (const auto& [packets, bytes] = values.values()[cpu]; packets) {
        made.cpus[cpu] += {packets, bytes};
        made.parts[{queue, cpu}] = {packets, bytes};
      }
  }
  made.seconds = static_cast<double>(sys::monotonic_ns() - began_ns_) / 1e9;
  if (!per_address_) return made;
  auto addresses = read_addresses(*program_, values);
  if (!addresses) return addresses.error();
  made.addresses = std::move(*addresses);
  return made;
}

}  // namespace pktbench
