#include "harness/testbed/port_check.hpp"

#include <net/if.h>

#include <cerrno>

#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::testbed {

Result<PortsFound> look_at(const std::vector<Port>& ports) {
  PortsFound found;
  for (const Port& port : ports) {
    auto inside = sys::NetnsScope::enter(port.netns_path);
    if (!inside) return inside.error();
    const auto link = sys::get_link(port.name);
    if (!link && link.error().sys_errno != ENODEV) return link.error();
    if (!link || link->ifindex != port.ifindex)
      found.gone.push_back(port.name);
    else if (!(link->flags & IFF_UP))
      found.down.push_back(port.name);
  }
  return found;
}

std::vector<std::string> up_again(const std::vector<std::string>& names) {
  std::vector<std::string> said;
  for (const std::string& name : names) said.push_back(name + " was set down; it is up again");
  return said;
}

}  // namespace pktbench::testbed
