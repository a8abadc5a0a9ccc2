#include "harness/sys/rtnl.hpp"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>

#include "harness/sys/netlink.hpp"

namespace pktbench::sys {

namespace {

int read_xdp(const nlattr* attr, void* data) {
  auto* info = static_cast<LinkInfo*>(data);
  if (mnl_attr_get_type(attr) == IFLA_XDP_ATTACHED) info->xdp_mode = mnl_attr_get_u8(attr);
  if (mnl_attr_get_type(attr) == IFLA_XDP_PROG_ID) info->xdp_program_id = mnl_attr_get_u32(attr);
  return MNL_CB_OK;
}

int read_link_attribute(const nlattr* attr, void* data) {
  auto* info = static_cast<LinkInfo*>(data);
  switch (mnl_attr_get_type(attr)) {
    case IFLA_IFNAME:
      info->name = mnl_attr_get_str(attr);
      break;
    case IFLA_ADDRESS:
      if (mnl_attr_get_payload_len(attr) == info->mac.size())
        std::memcpy(info->mac.data(), mnl_attr_get_payload(attr), info->mac.size());
      break;
    case IFLA_MTU:
      info->mtu = mnl_attr_get_u32(attr);
      break;
    case IFLA_CARRIER:
      info->carrier = mnl_attr_get_u8(attr) != 0;
      break;
    case IFLA_CARRIER_CHANGES:
      info->carrier_changes = mnl_attr_get_u32(attr);
      break;
    case IFLA_XDP:
      mnl_attr_parse_nested(attr, read_xdp, data);
      break;
    case IFLA_STATS64: {
      rtnl_link_stats64 stats{};  // copied: the attribute is aligned to 4 bytes only
      std::memcpy(&stats, mnl_attr_get_payload(attr),
                  std::min<std::size_t>(sizeof stats, mnl_attr_get_payload_len(attr)));
      info->rx_packets = stats.rx_packets;
      info->tx_packets = stats.tx_packets;
      info->rx_dropped = stats.rx_dropped;
      info->tx_dropped = stats.tx_dropped;
      info->rx_errors = stats.rx_errors;
      info->tx_errors = stats.tx_errors;
      info->rx_missed_errors = stats.rx_missed_errors;
      break;
    }
    default:
      break;
  }
  return MNL_CB_OK;
}

void read_link(const nlmsghdr* message, LinkInfo* info) {
  if (message->nlmsg_type != RTM_NEWLINK) return;
  const auto* link = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  info->ifindex = static_cast<unsigned>(link->ifi_index);
  info->flags = link->ifi_flags;
  mnl_attr_parse(message, sizeof *link, read_link_attribute, info);
}

}  // namespace

Result<LinkInfo> get_link(const std::string& name) {
  NetlinkRequest request(RTM_GETLINK, 0);
  request.extra<ifinfomsg>()->ifi_family = AF_UNSPEC;
  mnl_attr_put_strz(request.header(), IFLA_IFNAME, name.c_str());
  LinkInfo info;
  if (auto r = request.run("look up network device " + name,
                           [&](const nlmsghdr* message) { read_link(message, &info); });
      !r)
    return r.error();
  return info;
}

Result<void> create_veth_pair(const std::string& name, const std::string& peer, int peer_netns_fd,
                              unsigned queues) {
  NetlinkRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  nlmsghdr* h = request.header();
  request.extra<ifinfomsg>()->ifi_family = AF_UNSPEC;
  mnl_attr_put_strz(h, IFLA_IFNAME, name.c_str());
  mnl_attr_put_u32(h, IFLA_NUM_TX_QUEUES, queues);
  mnl_attr_put_u32(h, IFLA_NUM_RX_QUEUES, queues);
  nlattr* info = mnl_attr_nest_start(h, IFLA_LINKINFO);
  mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
  nlattr* data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
  nlattr* other = mnl_attr_nest_start(h, VETH_INFO_PEER);
  request.extra<ifinfomsg>()->ifi_family = AF_UNSPEC;
  mnl_attr_put_strz(h, IFLA_IFNAME, peer.c_str());
  mnl_attr_put_u32(h, IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer_netns_fd));
  mnl_attr_put_u32(h, IFLA_NUM_TX_QUEUES, queues);
  mnl_attr_put_u32(h, IFLA_NUM_RX_QUEUES, queues);
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

Result<void> set_link_up(unsigned ifindex) {
  return change_link(ifindex, IFF_UP, IFF_UP)
      .run("set network device " + std::to_string(ifindex) + " up");
}

Result<void> set_link_flags(unsigned ifindex, unsigned flags, unsigned mask) {
  return change_link(ifindex, flags & mask, mask)
      .run("set the flags of network device " + std::to_string(ifindex));
}

Result<void> move_link(unsigned ifindex, int netns_fd) {
  NetlinkRequest request = change_link(ifindex, 0, 0);
  mnl_attr_put_u32(request.header(), IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns_fd));
  return request.run("move network device " + std::to_string(ifindex) + " to another namespace");
}

Result<void> rename_link(unsigned ifindex, const std::string& name) {
  NetlinkRequest request = change_link(ifindex, 0, 0);
  mnl_attr_put_strz(request.header(), IFLA_IFNAME, name.c_str());
  return request.run("rename network device " + std::to_string(ifindex) + " to " + name);
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
  return request.run("add an address to network device " + std::to_string(ifindex));
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
  return request.run("add a neighbour to network device " + std::to_string(ifindex));
}

}  // namespace pktbench::sys
