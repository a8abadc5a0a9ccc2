#include "backends/af_xdp/redirect_program.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/if_link.h>

#include <cerrno>
#include <utility>

#include "bpf/xsk_redirect.skel.h"
#include "harness/sys/bpf.hpp"

namespace pktbench::af_xdp {

Result<RedirectProgram> RedirectProgram::attach(const Port& port, bool generic) {
  RedirectProgram program;
  program.device_ = port.name;
  sys::LibbpfLog log;
  program.skeleton_.reset(xsk_redirect__open(), xsk_redirect__destroy);
  if (!program.skeleton_) return log.failure("open the XDP program", errno);
  if (int error = xsk_redirect__load(program.skeleton_.get()); error)
    return log.failure("load the XDP program", -error);
  auto attached = sys::attach_xdp(port, bpf_program__fd(program.skeleton_->progs.redirect),
                                  generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE,
                                  "set \"attach\": \"generic\"");
  if (auto r = std::move(attached).into(program.attached_); !r) return r.error();
  return program;
}

Result<void> RedirectProgram::enter(std::uint32_t queue, int socket) {
  if (int error =
          bpf_map_update_elem(bpf_map__fd(skeleton_->maps.sockets), &queue, &socket, BPF_ANY))
    return system_error(fmt::format("enter queue {} into the XSKMAP", queue), -error);
  return {};
}

Result<pb_xsk_counters> RedirectProgram::counts() const {
  pb_xsk_counters sum{};
  for (std::uint32_t queue = 0; queue < PB_MAX_QUEUES; ++queue) {
    const auto c = sys::sum_over_cpus<pb_xsk_counters>(
        bpf_map__fd(skeleton_->maps.redirect_counters), queue, "read the XDP counters");
    if (!c) return c.error();
    sum.redirected += c->redirected;
    sum.no_socket += c->no_socket;
  }
  return sum;
}

Result<void> RedirectProgram::still_attached() const {
  bpf_link_info info{};
  __u32 size = sizeof info;
  if (int error = bpf_obj_get_info_by_fd(attached_.link.get(), &info, &size))
    return system_error("read the XDP link", -error);
  if (info.xdp.ifindex == 0)
    return make_error(ErrorCode::failed, device_ + " has gone, and the XDP program with it");
  return {};
}

}  // namespace pktbench::af_xdp
