#include "backends/af_xdp/redirect_program.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/if_link.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "bpf/counters.h"
#include "bpf/xsk_redirect.h"
#include "bpf/xsk_redirect.skel.h"
#include "harness/sys/bpf.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::af_xdp {

void RedirectProgram::Destroy::operator()(xsk_redirect* skeleton) const {
  xsk_redirect__destroy(skeleton);
}

Result<RedirectProgram> RedirectProgram::attach(const Port& port, bool generic) {
  RedirectProgram program;
  program.device_ = port.name;
  if (auto r = program.load(); !r) return r.error();
  LIBBPF_OPTS(bpf_link_create_opts, options,
              .flags = generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
  const int fd = bpf_link_create(bpf_program__fd(program.skeleton_->progs.redirect),
                                 static_cast<int>(port.ifindex), BPF_XDP, &options);
  if (fd >= 0) {
    program.link_ = sys::Fd(fd);
    return program;
  }
  Error e = system_error("attach XDP to " + port.name, -fd);
  if (fd == -EOPNOTSUPP) {
    e.code = ErrorCode::unsupported;
    e.message = "the driver of " + port.name + " has no native XDP; set \"attach\": \"generic\"";
  } else if (fd == -EBUSY || fd == -EEXIST) {
    e.code = ErrorCode::refused;
    e.message = port.name + " has an XDP program of somebody else's; it is not replaced";
  }
  return e;
}

Result<void> RedirectProgram::load() {
  auto cpus = sys::possible_cpus();
  if (!cpus) return cpus.error();
  cpus_ = *cpus;
  sys::LibbpfLog log;
  skeleton_.reset(xsk_redirect__open());
  if (!skeleton_) return log.failure("open the XDP program", errno);
  if (int error = xsk_redirect__load(skeleton_.get()); error)
    return log.failure("load the XDP program", -error);
  bpf_prog_info info{};
  __u32 size = sizeof info;
  if (int error = bpf_obj_get_info_by_fd(bpf_program__fd(skeleton_->progs.redirect), &info, &size))
    return system_error("read the XDP program's id", -error);
  id_ = info.id;
  jited_ = info.jited_prog_len != 0;
  return {};
}

Result<void> RedirectProgram::enter(std::uint32_t queue, int socket) {
  if (int error =
          bpf_map_update_elem(bpf_map__fd(skeleton_->maps.sockets), &queue, &socket, BPF_ANY))
    return system_error(fmt::format("enter queue {} into the XSKMAP", queue), -error);
  return {};
}

Result<RedirectCounts> RedirectProgram::counts() const {
  RedirectCounts sum;
  const int map = bpf_map__fd(skeleton_->maps.redirect_counters);
  std::vector<pb_xsk_counters> by_cpu(static_cast<std::size_t>(cpus_));
  for (__u32 queue = 0; queue < PB_MAX_QUEUES; ++queue) {
    if (int error = bpf_map_lookup_elem(map, &queue, by_cpu.data()); error)
      return system_error("read the XDP counters", -error);
    for (const pb_xsk_counters& c : by_cpu) {
      sum.redirected += c.redirected;
      sum.no_socket += c.no_socket;
    }
  }
  return sum;
}

Result<std::string> RedirectProgram::hook() const {
  auto link = sys::get_link(device_);
  if (!link) return link.error();
  if (link->xdp_program_id != id_)
    return make_error(ErrorCode::failed, "{} runs XDP program {} and not ours, {}", device_,
                      link->xdp_program_id, id_);
  if (link->xdp_mode == XDP_ATTACHED_DRV) return std::string("native");
  if (link->xdp_mode == XDP_ATTACHED_SKB) return std::string("generic");
  return make_error(ErrorCode::failed, "{} runs XDP in an unknown mode, {}", device_,
                    link->xdp_mode);
}

Result<void> RedirectProgram::still_attached() const {
  bpf_link_info info{};
  __u32 size = sizeof info;
  if (int error = bpf_obj_get_info_by_fd(link_.get(), &info, &size))
    return system_error("read the XDP link", -error);
  if (info.xdp.ifindex == 0)
    return make_error(ErrorCode::failed, device_ + " has gone, and the XDP program with it");
  return {};
}

}  // namespace pktbench::af_xdp
