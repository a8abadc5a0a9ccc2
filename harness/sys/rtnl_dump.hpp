// Everything the calling thread's network namespace has of devices, routes, nexthop objects and
// addresses, by rtnetlink.
//
// Threads: each call opens its own socket; none is shared.
#pragma once

#include <libmnl/libmnl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/sys/ends.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::sys {

// An IPv4 or IPv6 address, in network byte order; of IPv4 the first four bytes count.
struct IpAddress {
  int family = 0;  // AF_INET, AF_INET6
  std::array<std::uint8_t, 16> bytes{};
  bool operator==(const IpAddress&) const = default;
};

// "10.0.0.1", "fe80::1", "fe80::1%eth0" (without its scope); an IPv4 address mapped into IPv6 comes
// out as IPv4.
std::optional<IpAddress> parse_address(const std::string& text);
std::optional<IpAddress> address_from(int family, const void* bytes);
std::string to_text(const IpAddress& address);

struct XdpAttachment {
  std::string mode;  // "driver", "generic", "offload"
  unsigned program_id = 0;
  // The BPF link that holds it there, where find_xdp_links() has found one, and whose it is.
  std::vector<unsigned> links = {};
  std::string holder = {};
};

// Without the counts.
struct Device : LinkInfo {
  std::string kind;  // "bridge", "vlan", "veth" …; empty: not made by `ip link add`
  bool loopback = false;
  bool up = false;
  unsigned master = 0;                 // bridge, bond, team or VRF it is a member of; 0: none
  std::vector<unsigned> lower;         // devices of this namespace that it is stacked on
  std::vector<IpAddress> tunnel_ends;  // the far ends of a tunnel
  std::vector<XdpAttachment> xdp;
};
Result<std::vector<Device>> list_devices();

// Hears of every change of a device that the kernel announces in the namespace of the thread that
// opened it. The kernel does not announce an XDP program that comes or goes by a BPF link. Threads:
// one at a time.
class DeviceWatch {
 public:
  static Result<DeviceWatch> open();

  // The devices as they were announced since the last call, at once. What the socket had no room
  // for is not there.
  std::vector<Device> announced();

 private:
  using Socket = std::unique_ptr<mnl_socket, Ends<mnl_socket_close>>;
  explicit DeviceWatch(Socket socket) : socket_(std::move(socket)) {}
  Socket socket_;
};

struct Route {
  int family = 0;
  std::uint32_t table = 0;
  unsigned prefix_length = 0;
  bool unicast = false;             // it leads somewhere: not local, broadcast, unreachable …
  std::vector<unsigned> ifindexes;  // one, or one per path
  std::uint32_t nexthop_id = 0;     // 0: the route names its devices itself
};
// Of every table, the policy tables among them.
Result<std::vector<Route>> list_routes(int family);

struct Nexthop {
  std::uint32_t id = 0;
  unsigned ifindex = 0;              // 0: a group, or it leads nowhere
  std::vector<std::uint32_t> group;  // ids
};
// None on a kernel without nexthop objects.
Result<std::vector<Nexthop>> list_nexthops();

struct InterfaceAddress {
  unsigned ifindex = 0;
  IpAddress address;
};
Result<std::vector<InterfaceAddress>> list_addresses();

// The device on which this host sends to `to`, its policy rules applied; `from` an address of this
// host, if it matters. 0: there is no route.
Result<unsigned> route_to(const IpAddress& to, const std::optional<IpAddress>& from = std::nullopt);

}  // namespace pktbench::sys
