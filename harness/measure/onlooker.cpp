#include "harness/measure/onlooker.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "bpf/frame6.h"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::measure {

namespace {

constexpr std::uint64_t kLook = 150 * kMillisecond;
// Many a NIC loses its carrier when a program is detached.
constexpr std::uint64_t kCarrierTimeout = 3000 * kMillisecond;
constexpr std::size_t kNamed = 3;

// Their rx_packets and tx_packets are software's, or read from the chip at each call
// (ndo_get_stats64 in drivers/net/…).
constexpr const char* kCountAtOnce[] = {"veth", "virtio_net", "r8169",  "8139cp", "e1000e",
                                        "igb",  "igc",        "ixgbe",  "i40e",   "ice",
                                        "ena",  "mlx5_core",  "vmxnet3"};

std::optional<sys::LinkInfo> counts_of(const Port& port) {
  if (port.ifindex == 0) return std::nullopt;
  auto inside = sys::NetnsScope::enter(port.netns_path);
  if (!inside) return std::nullopt;
  const auto driver = sys::driver_info(port.name);
  const auto named = [&](const char* name) { return driver && driver->driver == name; };
  if (std::none_of(std::begin(kCountAtOnce), std::end(kCountAtOnce), named)) return std::nullopt;
  auto link = sys::get_link(port.name);
  if (!link) return std::nullopt;
  return *link;
}

struct Named {
  std::uint16_t number;
  const char* name;
};
constexpr Named kTypes[] = {{0x0800, "IPv4"},     {0x0806, "ARP"},  {0x86dd, "IPv6"},
                            {0x8100, "VLAN"},     {0x88a8, "VLAN"}, {0x8808, "flow control"},
                            {0x8809, "LACP/OAM"}, {0x88cc, "LLDP"}, {0x88f7, "PTP"}};
constexpr Named kProtocols[] = {{1, "ICMP"},    {2, "IGMP"},  {6, "TCP"},   {17, "UDP"},
                                {58, "ICMPv6"}, {89, "OSPF"}, {112, "VRRP"}};

template <std::size_t N>
std::string name_in(const Named (&table)[N], std::uint16_t number) {
  for (const Named& entry : table)
    if (entry.number == number) return entry.name;
  return "";
}

std::string text_of(const FrameKind& kind) {
  std::string made;
  if (kind.tag != 0) {
    made = fmt::format("test frames of another trial or run (tag 0x{:08x})", kind.tag);
  } else if (kind.type < ETH_P_802_3_MIN) {
    made = "802.3 with a length";
  } else {
    const std::string name = name_in(kTypes, kind.type);
    made = name.empty() ? fmt::format("EtherType 0x{:04x}", kind.type)
                        : fmt::format("{} (0x{:04x})", name, kind.type);
  }
  if (kind.tag == 0 && kind.protocol != 0) {
    const std::string name = name_in(kProtocols, kind.protocol);
    made += name.empty() ? fmt::format(" protocol {}", kind.protocol) : " " + name;
  }
  return fmt::format("{} from {:02x}", made, fmt::join(kind.from, ":"));
}

bool has_carrier(const Port& port) {
  const auto link = sys::get_link(port);
  return link && link->carrier;
}

// Protocol ETH_P_ALL comes with bind(), so that nothing of another device is queued before.
Result<sys::Fd> open_socket(const Port& port) {
  if (port.ifindex == 0)  // which the kernel takes for every device
    return make_error(ErrorCode::unsupported, port.name + " is no network device");
  auto inside = sys::NetnsScope::enter(port.netns_path);
  if (!inside) return inside.error();
  sys::Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return system_error("open a packet socket", errno);
  sockaddr_ll here{};
  here.sll_family = AF_PACKET;
  here.sll_protocol = htons(ETH_P_ALL);
  here.sll_ifindex = static_cast<int>(port.ifindex);
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0)
    return system_error("bind a packet socket to " + port.name, errno);
  return socket;
}

}  // namespace

PortFrames port_frames(const Port& generator, const Port& dut) {
  PortFrames made;
  if (const auto link = counts_of(dut)) made.received = link->rx_packets;
  if (const auto link = counts_of(generator)) made.sent = link->tx_packets;
  return made;
}

FrameKind kind_of(std::span<const std::uint8_t> frame) {
  FrameKind kind;
  if (frame.size() < ETH_HLEN) return kind;
  const auto be16 = [&](std::size_t at) {
    return static_cast<std::uint16_t>(frame[at] << 8 | frame[at + 1]);
  };
  const auto be32 = [&](std::size_t at) {
    return static_cast<std::uint32_t>(be16(at)) << 16 | be16(at + 2);
  };
  std::copy_n(frame.begin() + ETH_ALEN, ETH_ALEN, kind.from.begin());
  kind.type = be16(2 * ETH_ALEN);
  constexpr std::size_t kIpv4Protocol = ETH_HLEN + 9;
  constexpr std::size_t kIpv6Protocol = ETH_HLEN + 6;
  if (kind.type == ETH_P_IP && frame.size() > kIpv4Protocol) kind.protocol = frame[kIpv4Protocol];
  if (kind.type == ETH_P_IPV6 && frame.size() > kIpv6Protocol) kind.protocol = frame[kIpv6Protocol];
  const std::size_t tag = kind.type == ETH_P_IPV6 ? PB6_OFF_TAG : PB_OFF_TAG;
  if ((kind.type == ETH_P_IP || kind.type == ETH_P_IPV6) && frame.size() >= tag + sizeof(pb_tag) &&
      be32(tag + offsetof(pb_tag, magic)) == PB_TAG_MAGIC)
    kind.tag = be32(tag + offsetof(pb_tag, trial));
  return kind;
}

Onlooker look_at(const Port& port, std::uint32_t own_tag, Clock& clock, const StopFlag& stop) {
  Onlooker look;
  for (const std::uint64_t end = clock.now_ns() + kCarrierTimeout;
       !stop && !has_carrier(port) && clock.now_ns() < end;)
    clock.sleep_ns(10 * kMillisecond, stop);
  auto socket = open_socket(port);
  if (!socket) {
    look.failed = socket.error().message;
    return look;
  }
  std::array<std::uint8_t, PB6_MIN_LEN> frame{};
  const std::uint64_t begin = clock.now_ns();
  std::uint64_t now = begin;
  for (; now < begin + kLook && !stop; now = clock.now_ns()) {
    pollfd readable{socket->get(), POLLIN, 0};
    const auto left_ms = static_cast<int>((begin + kLook - now) / kMillisecond) + 1;
    if (poll(&readable, 1, left_ms) <= 0) continue;
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    const ssize_t length = recvfrom(socket->get(), frame.data(), frame.size(), 0,
                                    reinterpret_cast<sockaddr*>(&from), &size);
    if (length < 0) {
      if (errno == EAGAIN || errno == EINTR) continue;
      look.failed = system_error("look at " + port.name, errno).message;
      break;
    }
    if (from.sll_pkttype == PACKET_OUTGOING) continue;
    const FrameKind kind = kind_of({frame.data(), static_cast<std::size_t>(length)});
    if (kind.tag != 0 && kind.tag == own_tag)
      ++look.own;
    else
      ++look.seen[kind];
  }
  look.seconds = static_cast<double>(now - begin) / 1e9;
  return look;
}

std::string kinds_text(const Onlooker& look) {
  if (look.seen.empty())
    return "of a kind that is not known (" +
           (look.failed.empty() ? "none came while a packet socket looked on" : look.failed) + ")";
  std::vector<std::pair<FrameKind, std::uint64_t>> kinds(look.seen.begin(), look.seen.end());
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (std::size_t i = 0; i < std::min(kinds.size(), kNamed); ++i)
    text += (i ? ", " : "") + text_of(kinds[i].first);
  if (kinds.size() > kNamed) text += fmt::format(" and {} kinds more", kinds.size() - kNamed);
  return text;
}

}  // namespace pktbench::measure
