#include "harness/testbed/ipv6_port.hpp"

#include <filesystem>
#include <string>

#include "harness/core/ipv6.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/sys/rtnl_ipv6.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench::testbed {

namespace {

constexpr const char* kIpv6 = "/proc/sys/net/ipv6/";
constexpr unsigned kLoopback = 1;  // its index in every namespace

Result<void> set_for(const std::string& device, const char* name, const char* value) {
  const std::string path = kIpv6 + ("conf/" + device) + "/" + name;
  return undo::require(undo::kernel_file(path), value);
}

}  // namespace

// The addresses go with the namespace, and with the end of IPv6 on the device.
Result<void> give_ipv6(const Port& port, unsigned addresses, const Port& other,
                       unsigned other_addresses) {
  if (!std::filesystem::exists(kIpv6))
    return make_error(ErrorCode::unsupported, "this kernel has no IPv6");
  // Of addr_gen_mode 1 is none: not even a link-local address.
  for (const auto& [name, value] : {std::pair("addr_gen_mode", "1"), std::pair("accept_ra", "0"),
                                    std::pair("disable_ipv6", "0")})
    if (auto r = set_for(port.name, name, value); !r) return r;
  if (auto r = set_for("lo", "disable_ipv6", "0"); !r) return r;
  // As of IPv4: where the stack finds no socket for a frame it must not answer.
  if (auto r = undo::require(undo::kernel_file(std::string(kIpv6) + "icmp/ratelimit"), "3600000");
      !r)
    return r;
  if (auto r = sys::set_link_up(kLoopback); !r) return r;
  for (unsigned i = 0; i < addresses; ++i)
    if (auto r = sys::add_address(kLoopback, ipv6_of(port.ipv4 + i)); !r) return r;
  for (unsigned i = 0; i < other_addresses; ++i) {
    const Ipv6Address address = ipv6_of(other.ipv4 + i);
    if (auto r = sys::add_neighbour(port.ifindex, address, other.mac); !r) return r;
    if (auto r = sys::add_route(port.ifindex, address); !r) return r;
  }
  return {};
}

Result<void> take_ipv6_away(const Port& port) {
  if (!std::filesystem::exists(kIpv6)) return {};
  return set_for(port.name, "disable_ipv6", "1");
}

}  // namespace pktbench::testbed
