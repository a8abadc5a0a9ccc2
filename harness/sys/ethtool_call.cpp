#include "harness/sys/ethtool_call.hpp"

#include <fmt/format.h>
#include <linux/ethtool_netlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

#include "harness/sys/fd.hpp"

namespace pktbench::sys {

Result<void> ethtool_ioctl(const std::string& device, void* command, const std::string& what) {
  Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return system_error("open a socket", errno);
  ifreq request{};
  if (device.size() >= sizeof request.ifr_name)
    return make_error(ErrorCode::failed, "device name too long: " + device);
  device.copy(request.ifr_name, device.size());
  request.ifr_data = static_cast<char*>(command);
  if (ioctl(socket.get(), SIOCETHTOOL, &request) != 0)
    return system_error(what + " of " + device, errno);
  return {};
}

Result<void> ask_ioctl(const std::string& device, void* command, const std::string& what) {
  auto r = ethtool_ioctl(device, command, "read the " + what);
  if (r || r.error().sys_errno != EOPNOTSUPP) return r;
  return make_error(ErrorCode::unsupported, "the driver of {} does not tell its {}", device, what);
}

Result<void> ethtool_netlink(const std::string& device, std::uint8_t command,
                             const std::string& what, const std::function<void(nlmsghdr*)>& fill,
                             const std::function<void(const Attributes&)>& read) {
  auto request = generic_request(ETHTOOL_GENL_NAME, command);
  if (!request) return make_error(ErrorCode::unsupported, request.error().message);
  // Every command has its header at 1, as that of the rings.
  nlattr* header = mnl_attr_nest_start(request->header(), ETHTOOL_A_RINGS_HEADER);
  mnl_attr_put_strz(request->header(), ETHTOOL_A_HEADER_DEV_NAME, device.c_str());
  mnl_attr_nest_end(request->header(), header);
  if (fill) fill(request->header());
  auto r = request->run(fmt::format("{} of {}", what, device), [&](const nlmsghdr* message) {
    if (read) read(attributes_of_generic(message));
  });
  if (r || r.error().sys_errno != EOPNOTSUPP) return r;
  return make_error(ErrorCode::unsupported, r.error().message);
}

}  // namespace pktbench::sys
