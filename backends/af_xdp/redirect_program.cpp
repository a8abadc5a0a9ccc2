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
  auto link = backends::attach_xdp(port, bpf_program__fd(program.skeleton_->progs.redirect),
                                   generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE,
                                   "set \"attach\": \"generic\"");
  if (!link) return link.error();
  program.link_ = std::move(*link);
  return program;
}

Result<void> RedirectProgram::load() {
  if (auto r = sys::possible_cpus().into(cpus_); !r) return r.error();
  sys::LibbpfLog log;
  skeleton_.reset(xsk_redirect__open());
  if (!skeleton_) return log.failure("open the XDP program", errno);
  if (int error = xsk_redirect__load(skeleton_.get()); error)
    return log.failure("load the XDP program", -error);
  if (auto r = backends::program_info(bpf_program__fd(skeleton_->progs.redirect)).into(info_); !r)
    return r.error();
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
  auto link = backends::running_xdp(device_, info_.id);
  if (!link) return link.error();
  return std::string(backends::xdp_hook_name(link->xdp_mode));
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
