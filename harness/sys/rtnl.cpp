#include "harness/sys/rtnl.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>

#include "harness/sys/netlink.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::sys {

LinkInfo link_in(const nlmsghdr* message) {
  const auto* link = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  const Attributes found = attributes_of(message, sizeof *link);
  LinkInfo info;
  info.ifindex = static_cast<unsigned>(link->ifi_index);
  info.flags = link->ifi_flags;
  info.name = text_in(found, IFLA_IFNAME);
  if (std::array<std::uint8_t, 32> address{};
      copy_of(found, IFLA_ADDRESS, address.data(), address.size()) == info.mac.size())
    std::copy_n(address.begin(), info.mac.size(), info.mac.begin());
  info.mtu = u32_or(found, IFLA_MTU, 0);
  info.carrier = u32_or(found, IFLA_CARRIER, 0) != 0;
  info.carrier_changes = u32_or(found, IFLA_CARRIER_CHANGES, 0);
  if (const auto xdp = found.find(IFLA_XDP); xdp != found.end()) {
    const Attributes nested = attributes_in(xdp->second);
    info.xdp_mode = static_cast<int>(u32_or(nested, IFLA_XDP_ATTACHED, XDP_ATTACHED_NONE));
    info.xdp_program_id = u32_or(nested, IFLA_XDP_PROG_ID, 0);
  }
  copy_of(found, IFLA_STATS64, static_cast<rtnl_link_stats64*>(&info), sizeof(rtnl_link_stats64));
  return info;
}

Result<LinkInfo> get_link(const std::string& name) {
  NetlinkRequest request(RTM_GETLINK, 0);
  request.extra<ifinfomsg>()->ifi_family = AF_UNSPEC;
  mnl_attr_put_strz(request.header(), IFLA_IFNAME, name.c_str());
  LinkInfo info;
  if (auto r = request.run("look up network device " + name,
                           [&](const nlmsghdr* message) {
                             if (message->nlmsg_type == RTM_NEWLINK) info = link_in(message);
                           });
      !r)
    return r.error();
  return info;
}

Result<LinkInfo> get_link(const Port& port) {
  auto inside = NetnsScope::enter(port.netns_path);
  return inside ? get_link(port.name) : inside.error();
}

Result<void> create_veth_pair(const std::string& name, const std::string& peer, int peer_netns_fd,
                              unsigned queues) {
  NetlinkRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  nlmsghdr* h = request.header();
  const auto put_end = [&](const std::string& end) {
    request.extra<ifinfomsg>()->ifi_family = AF_UNSPEC;
    mnl_attr_put_strz(h, IFLA_IFNAME, end.c_str());
    mnl_attr_put_u32(h, IFLA_NUM_TX_QUEUES, queues);
    mnl_attr_put_u32(h, IFLA_NUM_RX_QUEUES, queues);
  };
  put_end(name);
  nlattr* info = mnl_attr_nest_start(h, IFLA_LINKINFO);
  mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
  nlattr* data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
  nlattr* other = mnl_attr_nest_start(h, VETH_INFO_PEER);
  put_end(peer);
  mnl_attr_put_u32(h, IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer_netns_fd));
  mnl_attr_nest_end(h, other);
  mnl_attr_nest_end(h, data);
  mnl_attr_nest_end(h, info);
  return request.run("create veth pair " + name + " and " + peer);
}

namespace {

NetlinkRequest change_link(unsigned ifindex, unsigned flags, unsigned mask) {
  NetlinkRequest request(RTM_NEWLINK, 0);
  auto* link = request.extra<ifinfomsg>();
  link->ifi_family = AF_UNSPEC;
  link->ifi_index = static_cast<int>(ifindex);
  link->ifi_flags = flags;
  link->ifi_change = mask;
  return request;
}

}  // namespace

Result<void> delete_link(unsigned ifindex) {
  NetlinkRequest request(RTM_DELLINK, 0);
  auto* link = request.extra<ifinfomsg>();
  link->ifi_family = AF_UNSPEC;
  link->ifi_index = static_cast<int>(ifindex);
  return request.run(fmt::format("delete network device {}", ifindex));
}

Result<void> set_link_up(unsigned ifindex) {
  return change_link(ifindex, IFF_UP, IFF_UP).run(fmt::format("set network device {} up", ifindex));
}

Result<void> set_link_flags(unsigned ifindex, unsigned flags, unsigned mask) {
  return change_link(ifindex, flags & mask, mask)
      .run(fmt::format("set the flags of network device {}", ifindex));
}

Result<void> set_link_mtu(unsigned ifindex, unsigned mtu) {
  NetlinkRequest request = change_link(ifindex, 0, 0);
  mnl_attr_put_u32(request.header(), IFLA_MTU, mtu);
  return request.run(fmt::format("set the MTU of network device {}", ifindex));
}

Result<void> move_link(unsigned ifindex, int netns_fd) {
  NetlinkRequest request = change_link(ifindex, 0, 0);
  mnl_attr_put_u32(request.header(), IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns_fd));
  return request.run(fmt::format("move network device {} to another namespace", ifindex));
}

Result<void> rename_link(unsigned ifindex, const std::string& name) {
  if (auto r = set_link_flags(ifindex, 0, IFF_UP); !r) return r;
  NetlinkRequest request = change_link(ifindex, 0, 0);
  mnl_attr_put_strz(request.header(), IFLA_IFNAME, name.c_str());
  return request.run(fmt::format("rename network device {} to {}", ifindex, name));
}

Result<void> add_address(unsigned ifindex, std::uint32_t ipv4, unsigned prefix_length) {
  NetlinkRequest request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  auto* address = request.extra<ifaddrmsg>();
  address->ifa_family = AF_INET;
  address->ifa_prefixlen = static_cast<unsigned char>(prefix_length);
  address->ifa_scope = RT_SCOPE_UNIVERSE;
  address->ifa_index = ifindex;
  mnl_attr_put_u32(request.header(), IFA_LOCAL, htonl(ipv4));
  mnl_attr_put_u32(request.header(), IFA_ADDRESS, htonl(ipv4));
  return request.run(fmt::format("add an address to network device {}", ifindex));
}

namespace {

NetlinkRequest change_route(std::uint16_t type, std::uint16_t flags, unsigned ifindex,
                            std::uint32_t ipv4, unsigned prefix_length) {
  NetlinkRequest request(type, flags);
  auto* route = request.extra<rtmsg>();
  route->rtm_family = AF_INET;
  route->rtm_dst_len = static_cast<unsigned char>(prefix_length);
  route->rtm_table = RT_TABLE_MAIN;
  route->rtm_protocol = RTPROT_STATIC;
  route->rtm_scope = RT_SCOPE_LINK;
  route->rtm_type = RTN_UNICAST;
  mnl_attr_put_u32(request.header(), RTA_DST, htonl(ipv4 & ~((1U << (32 - prefix_length)) - 1)));
  mnl_attr_put_u32(request.header(), RTA_OIF, ifindex);
  return request;
}

}  // namespace

Result<void> add_route(unsigned ifindex, std::uint32_t ipv4, unsigned prefix_length) {
  return change_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, ifindex, ipv4, prefix_length)
      .run(fmt::format("add a route by network device {}", ifindex));
}

Result<void> delete_route(unsigned ifindex, std::uint32_t ipv4, unsigned prefix_length) {
  return change_route(RTM_DELROUTE, 0, ifindex, ipv4, prefix_length)
      .run(fmt::format("delete a route by network device {}", ifindex));
}

Result<void> delete_neighbour(unsigned ifindex, std::uint32_t ipv4) {
  NetlinkRequest request(RTM_DELNEIGH, 0);
  auto* neighbour = request.extra<ndmsg>();
  neighbour->ndm_family = AF_INET;
  neighbour->ndm_ifindex = static_cast<int>(ifindex);
  mnl_attr_put_u32(request.header(), NDA_DST, htonl(ipv4));
  return request.run(fmt::format("delete a neighbour of network device {}", ifindex));
}

Result<void> add_neighbour(unsigned ifindex, std::uint32_t ipv4,
                           const std::array<std::uint8_t, 6>& mac) {
  NetlinkRequest request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
  auto* neighbour = request.extra<ndmsg>();
  neighbour->ndm_family = AF_INET;
  neighbour->ndm_ifindex = static_cast<int>(ifindex);
  neighbour->ndm_state = NUD_PERMANENT;
  mnl_attr_put_u32(request.header(), NDA_DST, htonl(ipv4));
  mnl_attr_put(request.header(), NDA_LLADDR, mac.size(), mac.data());
  return request.run(fmt::format("add a neighbour to network device {}", ifindex));
}

}  // namespace pktbench::sys
