#include "harness/sys/rtnl_ipv6.hpp"

#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "harness/sys/netlink.hpp"

namespace pktbench::sys {

namespace {

constexpr unsigned char kHostPrefix = 128;
constexpr std::uint16_t kMakeOrReplace = NLM_F_CREATE | NLM_F_REPLACE;

void put_address(NetlinkRequest& request, std::uint16_t type, const Ipv6Address& address) {
  mnl_attr_put(request.header(), type, address.size(), address.data());
}

}  // namespace

Result<void> add_address(unsigned ifindex, const Ipv6Address& address) {
  NetlinkRequest request(RTM_NEWADDR, kMakeOrReplace);
  auto* made = request.extra<ifaddrmsg>();
  made->ifa_family = AF_INET6;
  made->ifa_prefixlen = kHostPrefix;
  made->ifa_flags = IFA_F_NODAD;
  made->ifa_index = ifindex;
  put_address(request, IFA_LOCAL, address);
  put_address(request, IFA_ADDRESS, address);
  return request.run(fmt::format("add an IPv6 address to network device {}", ifindex));
}

Result<void> add_route(unsigned ifindex, const Ipv6Address& to) {
  NetlinkRequest request(RTM_NEWROUTE, kMakeOrReplace);
  auto* route = request.extra<rtmsg>();
  route->rtm_family = AF_INET6;
  route->rtm_dst_len = kHostPrefix;
  route->rtm_table = RT_TABLE_MAIN;
  route->rtm_protocol = RTPROT_STATIC;
  route->rtm_type = RTN_UNICAST;
  put_address(request, RTA_DST, to);
  mnl_attr_put_u32(request.header(), RTA_OIF, ifindex);
  return request.run(fmt::format("add an IPv6 route by network device {}", ifindex));
}

Result<void> add_neighbour(unsigned ifindex, const Ipv6Address& address, const MacAddress& mac) {
  NetlinkRequest request(RTM_NEWNEIGH, kMakeOrReplace);
  auto* neighbour = request.extra<ndmsg>();
  neighbour->ndm_family = AF_INET6;
  neighbour->ndm_ifindex = static_cast<int>(ifindex);
  neighbour->ndm_state = NUD_PERMANENT;
  put_address(request, NDA_DST, address);
  mnl_attr_put(request.header(), NDA_LLADDR, mac.size(), mac.data());
  return request.run(fmt::format("add an IPv6 neighbour to network device {}", ifindex));
}

}  // namespace pktbench::sys
