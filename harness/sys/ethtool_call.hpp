// The two ways to ask a device's driver, or to tell it: ethtool netlink (Linux 5.6), and the older
// ioctl for what netlink does not carry and where this kernel or driver has no netlink for it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "harness/core/result.hpp"
#include "harness/sys/netlink.hpp"

namespace pktbench::sys {

// SIOCETHTOOL with a command's struct. `what`: "set the ring sizes".
Result<void> ethtool_ioctl(const std::string& device, void* command, const std::string& what);

// The same to read something. Errors: `unsupported` where the driver does not tell.
Result<void> ask_ioctl(const std::string& device, void* command, const std::string& what);

// An ETHTOOL_MSG_* of <linux/ethtool_netlink.h>. `fill` adds attributes to the request, `read` gets
// those of the answer. Errors: `unsupported` where there is no such command.
Result<void> ethtool_netlink(const std::string& device, std::uint8_t command,
                             const std::string& what, const std::function<void(nlmsghdr*)>& fill,
                             const std::function<void(const Attributes&)>& read = nullptr);

// By netlink; by the ioctl where that is unsupported.
template <class Netlink, class Ioctl>
auto netlink_or_ioctl(Netlink netlink, Ioctl ioctl) {
  auto result = netlink();
  return !result && result.error().code == ErrorCode::unsupported ? ioctl() : result;
}

}  // namespace pktbench::sys
