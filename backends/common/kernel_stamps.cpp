#include "backends/common/kernel_stamps.hpp"

#include <linux/net_tstamp.h>

#include <cerrno>
#include <cstring>

namespace pktbench::backends {

Result<void> ask_for_kernel_stamps(int socket) {
  const int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
  if (setsockopt(socket, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) != 0)
    return system_error("ask for the kernel's stamps (SO_TIMESTAMPING)", errno);
  return {};
}

std::uint64_t kernel_stamp_of(const msghdr& message) {
  const cmsghdr* part = CMSG_FIRSTHDR(&message);
  // Nothing else was asked for.
  if (part == nullptr || part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPING)
    return 0;
  scm_timestamping stamps;
  std::memcpy(&stamps, CMSG_DATA(part), sizeof stamps);
  return static_cast<std::uint64_t>(stamps.ts[0].tv_sec * 1'000'000'000 + stamps.ts[0].tv_nsec);
}

}  // namespace pktbench::backends
