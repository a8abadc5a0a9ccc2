#include "harness/sys/rtnl.hpp"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace pktbench::sys {

namespace {

struct CloseSocket {
  void operator()(mnl_socket* s) const { mnl_socket_close(s); }
};

// One request message and its answer.
class Request {
 public:
  Request(std::uint16_t type, std::uint16_t flags) : buffer_(kSize) {
    header_ = mnl_nlmsg_put_header(buffer_.data());
    header_->nlmsg_type = type;
    header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    header_->nlmsg_seq = 1;
  }

  nlmsghdr* header() { return header_; }

  template <class T>
  T* extra() {
    return static_cast<T*>(mnl_nlmsg_put_extra_header(header_, sizeof(T)));
  }

  // Sends and waits for the acknowledgement; `on_message` sees each message before it.
  Result<void> run(const std::string& what, mnl_cb_t on_message = nullptr, void* data = nullptr) {
    std::unique_ptr<mnl_socket, CloseSocket> socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
    if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0)
      return system_error("open an rtnetlink socket", errno);
    if (mnl_socket_sendto(socket.get(), header_, header_->nlmsg_len) < 0)
      return system_error(what, errno);
    std::vector<char> answer(kSize);
    for (int more = MNL_CB_OK; more > MNL_CB_STOP;) {
      const ssize_t n = mnl_socket_recvfrom(socket.get(), answer.data(), answer.size());
      if (n < 0) return system_error(what, errno);
      more = mnl_cb_run(answer.data(), static_cast<std::size_t>(n), 1,
                        mnl_socket_get_portid(socket.get()), on_message, data);
      if (more < 0) return system_error(what, errno);
    }
    return {};
  }

 private:
  static constexpr std::size_t kSize = 65536;
  std::vector<char> buffer_;
  nlmsghdr* header_;
};

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
    case IFLA_CARRIER:
      info->carrier = mnl_attr_get_u8(attr) != 0;
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
      break;
    }
    default:
      break;
  }
  return MNL_CB_OK;
}

int read_link(const nlmsghdr* message, void* data) {
  if (message->nlmsg_type != RTM_NEWLINK) return MNL_CB_OK;
  const auto* link = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  static_cast<LinkInfo*>(data)->ifindex = static_cast<unsigned>(link->ifi_index);
  return mnl_attr_parse(message, sizeof *link, read_link_attribute, data);
}

}  // namespace

Result<LinkInfo> get_link(const std::string& name) {
  Request request(RTM_GETLINK, 0);
  request.extra<ifinfomsg>()->ifi_family = AF_UNSPEC;
  mnl_attr_put_strz(request.header(), IFLA_IFNAME, name.c_str());
  LinkInfo info;
  if (auto r = request.run("look up network device " + name, read_link, &info); !r)
    return r.error();
  return info;
}

Result<void> create_veth_pair(const std::string& name, const std::string& peer, int peer_netns_fd,
                              unsigned queues) {
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
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

Result<void> set_link_up(unsigned ifindex) {
  Request request(RTM_NEWLINK, 0);
  auto* link = request.extra<ifinfomsg>();
  link->ifi_family = AF_UNSPEC;
  link->ifi_index = static_cast<int>(ifindex);
  link->ifi_flags = IFF_UP;
  link->ifi_change = IFF_UP;
  return request.run("set network device " + std::to_string(ifindex) + " up");
}

Result<void> add_address(unsigned ifindex, std::uint32_t ipv4, unsigned prefix_length) {
  Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
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
  Request request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
  auto* neighbour = request.extra<ndmsg>();
  neighbour->ndm_family = AF_INET;
  neighbour->ndm_ifindex = static_cast<int>(ifindex);
  neighbour->ndm_state = NUD_PERMANENT;
  mnl_attr_put_u32(request.header(), NDA_DST, htonl(ipv4));
  mnl_attr_put(request.header(), NDA_LLADDR, mac.size(), mac.data());
  return request.run("add a neighbour to network device " + std::to_string(ifindex));
}

}  // namespace pktbench::sys
