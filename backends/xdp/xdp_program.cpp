#include "backends/xdp/xdp_program.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>

#include "backends/common/workload_state.hpp"
#include "backends/xdp/xdp_skeletons.inc"
#include "harness/sys/bpf.hpp"

namespace pktbench::backends {

namespace {

// A skeleton of whichever type, which has one program.
struct Opened {
  std::shared_ptr<void> owner;
  bpf_object_skeleton* skeleton = nullptr;
  __u32* fragments = nullptr;  // of its constants
};

template <class Skeleton, void (*Destroy)(Skeleton*)>
Opened own(Skeleton* skeleton) {
  if (!skeleton) return {};
  return {std::shared_ptr<Skeleton>(skeleton, Destroy), skeleton->skeleton,
          const_cast<__u32*>(&skeleton->rodata->fragments)};
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

Result<XdpProgram> XdpProgram::load(const std::string& workload, bool fragments) {
  const Entry* entry = entry_of(workload);
  if (!entry)
    return make_error(ErrorCode::unsupported, "no XDP program for workload \"{}\"", workload);
  sys::LibbpfLog log;
  const Opened opened = entry->open();
  if (!opened.owner) return log.failure("open the XDP program", errno);
  bpf_object_skeleton* skeleton = opened.skeleton;
  if (fragments) {
    *opened.fragments = 1;
    if (const int error = bpf_program__set_flags(*skeleton->progs[0].prog, BPF_F_XDP_HAS_FRAGS))
      return log.failure("let the XDP program have fragments", -error);
  }
  if (const int error = bpf_object__load_skeleton(skeleton); error)
    return log.failure("load the XDP program", -error);

  XdpProgram program;
  program.skeleton_ = opened.owner;
  program.program_ = *skeleton->progs[0].prog;
  program.counters_fd_ = bpf_object__find_map_fd_by_name(*skeleton->obj, "queue_counters");
  if (program.counters_fd_ < 0)
    return system_error("find the XDP program's counters", -program.counters_fd_);
  if (workload_of(workload).filters) {
    auto* filter = static_cast<xdp_filter*>(opened.owner.get());
    program.ports_.emplace(filter->bss->ports);
    static_assert(sizeof filter->bss->ports == PB_PORT_WORDS * sizeof(__u64));
    program.ports_->set(PB_UDP_PORT, true);
  }
  return program;
}

Result<pb_queue_counters> XdpProgram::counters(std::uint32_t queue) const {
  return sys::sum_over_cpus<pb_queue_counters>(counters_fd_, queue, "read the XDP counters");
}

}  // namespace pktbench::backends
