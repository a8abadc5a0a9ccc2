#include "backends/xdp/xdp_program.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>

#include "backends/common/workload_state.hpp"
#include "backends/xdp/xdp_skeletons.inc"
#include "harness/sys/bpf.hpp"

namespace pktbench::backends {

namespace {

// A skeleton of whichever type. Each has one program.
struct Opened {
  std::shared_ptr<void> owner;
  bpf_object_skeleton* skeleton = nullptr;
};

template <class Skeleton, void (*Destroy)(Skeleton*)>
Opened own(Skeleton* skeleton) {
  if (!skeleton) return {};
  return {std::shared_ptr<Skeleton>(skeleton, Destroy), skeleton->skeleton};
}

struct Entry {
  const char* workload;
  Opened (*open)();
};

constexpr Entry kPrograms[] = {
#define PROGRAM(workload) \
  {#workload,             \
   [] { return own<xdp_##workload, xdp_##workload##__destroy>(xdp_##workload##__open()); }},
#include "backends/xdp/xdp_programs.inc"
#undef PROGRAM
};

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

Result<XdpProgram> XdpProgram::load(const std::string& workload) {
  const Entry* entry = entry_of(workload);
  if (!entry)
    return make_error(ErrorCode::unsupported, "no XDP program for workload \"{}\"", workload);
  auto cpus = sys::possible_cpus();
  if (!cpus) return cpus.error();

  sys::LibbpfLog log;
  const Opened opened = entry->open();
  if (!opened.owner) return log.failure("open the XDP program", errno);
  if (const int error = bpf_object__load_skeleton(opened.skeleton); error)
    return log.failure("load the XDP program", -error);

  XdpProgram program;
  program.skeleton_ = opened.owner;
  program.program_ = *opened.skeleton->progs[0].prog;
  const bpf_object* object = *opened.skeleton->obj;
  program.counters_fd_ = bpf_object__find_map_fd_by_name(object, "queue_counters");
  if (program.counters_fd_ < 0)
    return system_error("find the XDP program's counters", -program.counters_fd_);
  program.by_cpu_.resize(static_cast<std::size_t>(*cpus));
  if (workload_of(workload).filters) {
    auto* skeleton = static_cast<xdp_filter*>(program.skeleton_.get());
    program.ports_ = skeleton->bss->ports;
    static_assert(sizeof skeleton->bss->ports == PB_PORT_WORDS * sizeof(__u64));
    if (auto r = program.set_filtered(PB_UDP_PORT, true); !r) return r.error();
  }
  return program;
}

Result<pb_queue_counters> XdpProgram::counters(std::uint32_t queue) {
  if (const int error = bpf_map_lookup_elem(counters_fd_, &queue, by_cpu_.data()); error)
    return system_error("read the XDP counters", -error);
  pb_queue_counters sum{};
  for (const pb_queue_counters& c : by_cpu_) {
    sum.packets += c.packets;
    sum.bytes += c.bytes;
    for (int i = 0; i < PB_OUTCOMES; ++i) sum.outcomes[i] += c.outcomes[i];
    sum.addresses += c.addresses;
  }
  return sum;
}

void XdpProgram::set_filter(std::span<const std::uint16_t> udp_ports) {
  if (ports_) PortSet(ports_).assign(udp_ports);
}

Result<void> XdpProgram::set_filtered(std::uint16_t udp_port, bool filtered) {
  if (!ports_) return make_error(ErrorCode::failed, "this XDP program has no set of ports");
  PortSet(ports_).set(udp_port, filtered);
  return {};
}

}  // namespace pktbench::backends
