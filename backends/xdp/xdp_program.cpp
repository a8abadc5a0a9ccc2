#include "backends/xdp/xdp_program.hpp"

#include <arpa/inet.h>
#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "backends/common/workload_state.hpp"
#include "backends/xdp/xdp_skeletons.inc"
#include "bpf/frame6.h"
#include "harness/sys/bpf.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::backends {

namespace {

// A skeleton of whichever type, which has one program.
using Opened = std::pair<std::shared_ptr<void>, bpf_object_skeleton*>;

template <class Skeleton, void (*Destroy)(Skeleton*)>
Opened own(Skeleton* skeleton, const XdpProgramOptions& options) {
  if (!skeleton) return {};
  bpf_map__set_autocreate(skeleton->maps.stamps, options.stamps.has_value());
  if (options.stamps) {
    skeleton->rodata->stamped = 1;
    skeleton->rodata->tag_trial = htonl(options.stamps->tag);
    if (options.stamps->ipv6) skeleton->rodata->tag_offset = PB6_OFF_TAG;
    bpf_map__set_max_entries(skeleton->maps.stamps, options.stamps->queues);
  }
  if (options.fragments) skeleton->rodata->fragments = 1;
  return {std::shared_ptr<Skeleton>(skeleton, Destroy), skeleton->skeleton};
}

struct Entry {
  const char* workload;
  Opened (*open)(const XdpProgramOptions&);
};

constexpr Entry kPrograms[] = {
#define PROGRAM(workload)                                                                      \
  {#workload, [](const XdpProgramOptions& options) {                                           \
     return own<xdp_##workload, xdp_##workload##__destroy>(xdp_##workload##__open(), options); \
   }},
#include "backends/xdp/xdp_programs.inc"
#undef PROGRAM
};

// Before the program is loaded.
void point_at(xdp_forward& skeleton, const XdpProgramOptions& options) {
  bpf_program__set_autoload(skeleton.progs.count_out, options.count_out);
  if (!options.hop) return;
  const pb_hop header = header_of(*options.hop);
  std::memcpy(const_cast<pb_hop*>(&skeleton.rodata->hop), &header, sizeof header);
  skeleton.rodata->our_ifindex = static_cast<int>(options.hop->out.ifindex);
  skeleton.rodata->our_netns = static_cast<unsigned>(sys::netns_number());
}

// REQUIRES: it is loaded.
Result<void> open_way_out(xdp_forward& skeleton, const XdpProgramOptions& options) {
  if (!options.hop) return {};
  const Port& out = options.hop->out;
  const __u32 slot = 0;
  const __u32 device = out.ifindex;
  if (const int error =
          bpf_map_update_elem(bpf_map__fd(skeleton.maps.way_out), &slot, &device, BPF_ANY))
    return system_error("point the XDP program at " + out.name, -error);
  if (!options.count_out) return {};
  sys::LibbpfLog log;
  skeleton.links.count_out = bpf_program__attach(skeleton.progs.count_out);
  if (!skeleton.links.count_out)
    return log.failure("count what the driver of " + out.name + " takes", errno);
  return {};
}

// Of the program of `workload`: a C name has no dash.
const Entry* entry_of(std::string workload) {
  std::replace(workload.begin(), workload.end(), '-', '_');
  const auto found = std::find_if(std::begin(kPrograms), std::end(kPrograms),
                                  [&](const Entry& e) { return workload == e.workload; });
  return found == std::end(kPrograms) ? nullptr : found;
}

}  // namespace

std::vector<std::string> XdpProgram::workloads() {
  std::vector<std::string> names = workload_names();
  std::erase_if(names, [](const std::string& name) { return !entry_of(name); });
  return names;
}

Result<XdpProgram> XdpProgram::load(const std::string& workload, const XdpProgramOptions& options) {
  const Entry* entry = entry_of(workload);
  if (!entry)
    return make_error(ErrorCode::unsupported, "no XDP program for workload \"{}\"", workload);
  sys::LibbpfLog log;
  const auto [owner, skeleton] = entry->open(options);
  if (!owner) return log.failure("open the XDP program", errno);
  auto* const forward =
      workload_of(workload).forwards ? static_cast<xdp_forward*>(owner.get()) : nullptr;
  if (forward) point_at(*forward, options);
  if (options.fragments)
    if (const int error = bpf_program__set_flags(*skeleton->progs[0].prog, BPF_F_XDP_HAS_FRAGS))
      return log.failure("let the XDP program have fragments", -error);
  if (const int error = bpf_object__load_skeleton(skeleton); error)
    return log.failure("load the XDP program", -error);

  XdpProgram program;
  program.skeleton_ = owner;
  program.program_ = *skeleton->progs[0].prog;
  program.counters_fd_ = bpf_object__find_map_fd_by_name(*skeleton->obj, "queue_counters");
  if (program.counters_fd_ < 0)
    return system_error("find the XDP program's counters", -program.counters_fd_);
  if (options.stamps) {
    program.stamped_queues_ = options.stamps->queues;
    const int fd = bpf_object__find_map_fd_by_name(*skeleton->obj, "stamps");
    if (auto r = sys::map_shared<const pb_stamps[]>(fd, options.stamps->queues, PROT_READ,
                                                    "map the delays of the XDP program")
                     .into(program.stamps_);
        !r)
      return r.error();
  }
  if (forward) {
    if (auto r = open_way_out(*forward, options); !r) return r.error();
    program.out_fd_ = bpf_map__fd(forward->maps.out_counters);
  }
  if (workload_of(workload).filters) {
    auto* filter = static_cast<xdp_filter*>(owner.get());
    program.ports_.emplace(filter->bss->ports);
    static_assert(sizeof filter->bss->ports == PB_PORT_WORDS * sizeof(__u64));
    program.ports_->set(PB_UDP_PORT, true);
  }
  if (workload == "flip") program.action_ = &static_cast<xdp_flip*>(owner.get())->bss->action;
  return program;
}

std::vector<DelayCounts> XdpProgram::delays() const {
  std::vector<DelayCounts> made;
  for (std::uint32_t queue = 0; queue < stamped_queues_; ++queue)
    made.push_back(stamp_counts(stamps_[queue]));
  return made;
}

Result<pb_out_counters> XdpProgram::out() const {
  return sys::sum_over_cpus<pb_out_counters>(out_fd_, 0, "read the counters of the way out");
}

Result<pb_queue_counters> XdpProgram::counters(std::uint32_t queue) const {
  return sys::sum_over_cpus<pb_queue_counters>(counters_fd_, queue, "read the XDP counters");
}

}  // namespace pktbench::backends
