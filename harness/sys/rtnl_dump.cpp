#include "harness/sys/rtnl_dump.hpp"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "harness/sys/netlink.hpp"

namespace pktbench::sys {

namespace {

constexpr std::size_t kAnnouncement = 65536;

std::optional<IpAddress> address_of(const nlattr* attribute) {
  const auto length = mnl_attr_get_payload_len(attribute);
  if (length == 4) return address_from(AF_INET, mnl_attr_get_payload(attribute));
  if (length == 16) return address_from(AF_INET6, mnl_attr_get_payload(attribute));
  return std::nullopt;
}

// Where a kind of tunnel keeps the device it is bound to and its far ends. <linux/if_link.h>,
// <linux/if_tunnel.h>; 0: it has no such attribute.
struct TunnelLayout {
  std::vector<std::string_view> kinds;
  std::uint16_t link;
  std::uint16_t remote;
  std::uint16_t remote6;
};

const std::vector<TunnelLayout>& tunnels() {
  static const std::vector<TunnelLayout> all = {
      {{"ipip", "sit", "ip6tnl"}, IFLA_IPTUN_LINK, IFLA_IPTUN_REMOTE, 0},
      {{"gre", "gretap", "ip6gre", "ip6gretap", "erspan", "ip6erspan"},
       IFLA_GRE_LINK,
       IFLA_GRE_REMOTE,
       0},
      {{"vti", "vti6"}, IFLA_VTI_LINK, IFLA_VTI_REMOTE, 0},
      {{"vxlan"}, IFLA_VXLAN_LINK, IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6},
      {{"geneve"}, 0, IFLA_GENEVE_REMOTE, IFLA_GENEVE_REMOTE6},
  };
  return all;
}

void read_tunnel(const nlattr* data, Device& device) {
  for (const TunnelLayout& layout : tunnels()) {
    if (std::find(layout.kinds.begin(), layout.kinds.end(), device.kind) == layout.kinds.end())
      continue;
    const Attributes found = attributes_in(data);
    if (layout.link != 0)
      if (const unsigned link = u32_or(found, layout.link, 0); link != 0)
        device.lower.push_back(link);
    for (const std::uint16_t remote : {layout.remote, layout.remote6}) {
      const auto it = found.find(remote);
      if (remote == 0 || it == found.end()) continue;
      const auto address = address_of(it->second);
      if (address && *address != IpAddress{address->family, {}})
        device.tunnel_ends.push_back(*address);
    }
  }
}

void read_xdp(const nlattr* nest, Device& device) {
  const Attributes found = attributes_in(nest);
  const std::uint32_t attached = u32_or(found, IFLA_XDP_ATTACHED, XDP_ATTACHED_NONE);
  const auto add = [&](const char* name, std::uint16_t type) {
    if (const unsigned id = u32_or(found, type, 0); id != 0) device.xdp.push_back({name, id});
  };
  add("driver", IFLA_XDP_DRV_PROG_ID);
  add("generic", IFLA_XDP_SKB_PROG_ID);
  add("offload", IFLA_XDP_HW_PROG_ID);
  if (!device.xdp.empty() || attached == XDP_ATTACHED_NONE) return;
  add(attached == XDP_ATTACHED_SKB  ? "generic"
      : attached == XDP_ATTACHED_HW ? "offload"
                                    : "driver",
      IFLA_XDP_PROG_ID);
}

void read_device(const nlmsghdr* message, std::vector<Device>& devices) {
  if (message->nlmsg_type != RTM_NEWLINK) return;
  const Attributes found = attributes_of(message, sizeof(ifinfomsg));
  Device device;
  static_cast<LinkInfo&>(device) = link_in(message);
  device.loopback = (device.flags & IFF_LOOPBACK) != 0;
  device.up = (device.flags & IFF_UP) != 0;
  device.master = u32_or(found, IFLA_MASTER, 0);
  // With IFLA_LINK_NETNSID the number is one of another namespace.
  if (const unsigned link = u32_or(found, IFLA_LINK, 0);
      link != 0 && link != device.ifindex && !found.contains(IFLA_LINK_NETNSID))
    device.lower.push_back(link);
  if (const auto info = found.find(IFLA_LINKINFO); info != found.end()) {
    const Attributes nested = attributes_in(info->second);
    device.kind = text_in(nested, IFLA_INFO_KIND);
    if (const auto data = nested.find(IFLA_INFO_DATA); data != nested.end())
      read_tunnel(data->second, device);
  }
  if (const auto xdp = found.find(IFLA_XDP); xdp != found.end()) read_xdp(xdp->second, device);
  devices.push_back(std::move(device));
}

void read_route(const nlmsghdr* message, std::vector<Route>& routes) {
  if (message->nlmsg_type != RTM_NEWROUTE) return;
  const auto* header = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  const Attributes found = attributes_of(message, sizeof *header);
  Route route;
  route.family = header->rtm_family;
  route.table = u32_or(found, RTA_TABLE, header->rtm_table);
  route.prefix_length = header->rtm_dst_len;
  route.unicast = header->rtm_type == RTN_UNICAST;
  route.nexthop_id = u32_or(found, RTA_NH_ID, 0);
  if (const unsigned oif = u32_or(found, RTA_OIF, 0); oif != 0) route.ifindexes.push_back(oif);
  if (const auto paths = found.find(RTA_MULTIPATH); paths != found.end()) {
    const auto* path = static_cast<const rtnexthop*>(mnl_attr_get_payload(paths->second));
    int left = mnl_attr_get_payload_len(paths->second);
    for (; left >= static_cast<int>(sizeof *path) && RTNH_OK(path, left); path = RTNH_NEXT(path)) {
      route.ifindexes.push_back(static_cast<unsigned>(path->rtnh_ifindex));
      left -= static_cast<int>(RTNH_ALIGN(path->rtnh_len));
    }
  }
  routes.push_back(std::move(route));
}

void read_nexthop(const nlmsghdr* message, std::vector<Nexthop>& nexthops) {
  if (message->nlmsg_type != RTM_NEWNEXTHOP) return;
  const Attributes found = attributes_of(message, sizeof(nhmsg));
  Nexthop nexthop;
  nexthop.id = u32_or(found, NHA_ID, 0);
  nexthop.ifindex = u32_or(found, NHA_OIF, 0);
  if (const auto group = found.find(NHA_GROUP); group != found.end()) {
    const auto* members = static_cast<const nexthop_grp*>(mnl_attr_get_payload(group->second));
    const std::size_t n = mnl_attr_get_payload_len(group->second) / sizeof *members;
    for (std::size_t i = 0; i < n; ++i) nexthop.group.push_back(members[i].id);
  }
  nexthops.push_back(std::move(nexthop));
}

void read_address(const nlmsghdr* message, std::vector<InterfaceAddress>& addresses) {
  if (message->nlmsg_type != RTM_NEWADDR) return;
  const auto* header = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
  const Attributes found = attributes_of(message, sizeof *header);
  // Of a point-to-point address IFA_ADDRESS is the other end.
  auto own = found.find(IFA_LOCAL);
  if (own == found.end()) own = found.find(IFA_ADDRESS);
  if (own == found.end()) return;
  if (const auto address = address_of(own->second))
    addresses.push_back({header->ifa_index, *address});
}

}  // namespace

std::optional<IpAddress> address_from(int family, const void* bytes) {
  IpAddress address;
  address.family = family;
  if (family != AF_INET && family != AF_INET6) return std::nullopt;
  std::memcpy(address.bytes.data(), bytes, family == AF_INET ? 4 : 16);
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (family == AF_INET6 && std::memcmp(bytes, kMapped.data(), kMapped.size()) == 0)
    return address_from(AF_INET, static_cast<const std::uint8_t*>(bytes) + kMapped.size());
  return address;
}

std::optional<IpAddress> parse_address(const std::string& text) {
  const std::string bare = text.substr(0, text.find('%'));
  std::array<std::uint8_t, 16> bytes{};
  for (const int family : {AF_INET, AF_INET6})
    if (inet_pton(family, bare.c_str(), bytes.data()) == 1)
      return address_from(family, bytes.data());
  return std::nullopt;
}

std::string to_text(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (!inet_ntop(address.family, address.bytes.data(), text.data(), text.size())) return "?";
  return text.data();
}

Result<std::vector<Device>> list_devices() {
  return dump<Device, ifinfomsg>(
      "list the network devices", RTM_GETLINK, AF_UNSPEC, read_device,
      [](nlmsghdr* request) { mnl_attr_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS); });
}

Result<DeviceWatch> DeviceWatch::open() {
  Socket socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return system_error("open a netlink socket", errno);
  if (mnl_socket_bind(socket.get(), RTMGRP_LINK, MNL_SOCKET_AUTOPID) != 0)
    return system_error("listen to changes of network devices", errno);
  return DeviceWatch(std::move(socket));
}

std::vector<Device> DeviceWatch::announced() {
  std::vector<Device> devices;
  std::vector<char> buffer(kAnnouncement);
  const auto read = [](const nlmsghdr* message, void* data) -> int {
    read_device(message, *static_cast<std::vector<Device>*>(data));
    return MNL_CB_OK;
  };
  while (true) {
    const ssize_t n = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
    if (n < 0 && (errno == EINTR || errno == ENOBUFS)) continue;
    if (n <= 0) return devices;
    (void)mnl_cb_run(buffer.data(), static_cast<std::size_t>(n), 0, 0, read, &devices);
  }
}

Result<std::vector<Route>> list_routes(int family) {
  auto routes =
      dump<Route, rtmsg>("list the routes of every table", RTM_GETROUTE, family, read_route);
  // A kernel without IPv6 has no such routes.
  if (!routes && family != AF_INET && routes.error().sys_errno == EOPNOTSUPP)
    return std::vector<Route>();
  return routes;
}

Result<std::vector<Nexthop>> list_nexthops() {
  auto nexthops =
      dump<Nexthop, nhmsg>("list the nexthop objects", RTM_GETNEXTHOP, AF_UNSPEC, read_nexthop);
  if (!nexthops && nexthops.error().sys_errno == EOPNOTSUPP) return std::vector<Nexthop>();
  return nexthops;
}

Result<std::vector<InterfaceAddress>> list_addresses() {
  return dump<InterfaceAddress, ifaddrmsg>("list the addresses", RTM_GETADDR, AF_UNSPEC,
                                           read_address);
}

Result<unsigned> route_to(const IpAddress& to, const std::optional<IpAddress>& from) {
  NetlinkRequest request(RTM_GETROUTE, 0);
  const std::size_t length = to.family == AF_INET ? 4 : 16;
  auto* header = request.extra<rtmsg>();
  header->rtm_family = static_cast<unsigned char>(to.family);
  header->rtm_dst_len = static_cast<unsigned char>(length * 8);
  if (from && from->family == to.family) header->rtm_src_len = header->rtm_dst_len;
  mnl_attr_put(request.header(), RTA_DST, length, to.bytes.data());
  if (from && from->family == to.family)
    mnl_attr_put(request.header(), RTA_SRC, length, from->bytes.data());
  unsigned device = 0;
  auto r = request.run("ask for the route to " + to_text(to), [&](const nlmsghdr* message) {
    if (message->nlmsg_type != RTM_NEWROUTE) return;
    const auto* answer = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
    if (answer->rtm_type != RTN_UNICAST && answer->rtm_type != RTN_MULTICAST) return;
    device = u32_or(attributes_of(message, sizeof *answer), RTA_OIF, 0);
  });
  if (r) return device;
  // What these mean is that there is no way, or that the address is not (or no longer) ours.
  for (const int none : {ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL, ENETDOWN, EADDRNOTAVAIL})
    if (r.error().sys_errno == none) return 0u;
  return r.error();
}

}  // namespace pktbench::sys
