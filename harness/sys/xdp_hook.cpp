#include "harness/sys/xdp_hook.hpp"

#include <bpf/bpf.h>
#include <linux/if_link.h>

#include <cerrno>
#include <cstring>

namespace pktbench::sys {

namespace {
constexpr unsigned kUsualMtu = 1500;
}

Result<ProgramInfo> program_info(int program) {
  bpf_prog_info info{};
  __u32 size = sizeof info;
  if (const int error = bpf_obj_get_info_by_fd(program, &info, &size))
    return system_error("read the BPF program's id", -error);
  return ProgramInfo{info.id, info.jited_prog_len ? "yes" : "no"};
}

Error taken_by_another_program(const std::string& device) {
  return make_error(ErrorCode::refused,
                    "{} has an XDP program of somebody else's; it is not replaced", device);
}

Result<AttachedXdp> attach_xdp(const Port& port, int program, std::uint32_t flags,
                               const std::string& remedy) {
  LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
  const int fd = bpf_link_create(program, static_cast<int>(port.ifindex), BPF_XDP, &options);
  if (fd == -EBUSY || fd == -EEXIST) return taken_by_another_program(port.name);
  // What a driver says where frames are too long for it differs.
  const bool refused = fd == -EOPNOTSUPP || fd == -EINVAL || fd == -ERANGE;
  if (const auto device = refused ? get_link(port.name) : Result<LinkInfo>(LinkInfo());
      device && device->mtu > kUsualMtu)
    return Error{
        ErrorCode::unsupported,
        fmt::format("the driver of {} takes no such XDP program at an MTU of {}: {}{}", port.name,
                    device->mtu, std::strerror(-fd), remedy.empty() ? "" : "; " + remedy),
        -fd,
        {}};
  if (fd == -EOPNOTSUPP)
    return Error{ErrorCode::unsupported,
                 fmt::format("the driver of {} has no native XDP; {}", port.name, remedy),
                 EOPNOTSUPP,
                 {}};
  if (fd < 0) return system_error("attach XDP to " + port.name, -fd);
  AttachedXdp attached{.link = Fd(fd)};
  if (auto r = program_info(program).into(attached.program); !r) return r.error();
  const auto device = get_link(port.name);
  if (!device) return device.error();
  if (device->xdp_program_id != attached.program.id)
    return make_error(ErrorCode::failed, "{} runs XDP program {} and not ours, {}", port.name,
                      device->xdp_program_id, attached.program.id);
  attached.mode = device->xdp_mode;
  return attached;
}

const char* xdp_hook_name(int attached) {
  switch (attached) {
    case XDP_ATTACHED_DRV:
      return "native";
    case XDP_ATTACHED_SKB:
      return "generic";
    case XDP_ATTACHED_HW:
      return "offload";
    default:
      return "none";
  }
}

}  // namespace pktbench::sys
