// The generator `udp-sendmmsg`: datagrams through the stack, from one connected socket per flow.
//
// On the wire the frames are those of the other generators but for the IP id, which the kernel
// counts up, and IPv6's flow label. Every system call sends from one socket, so that unpaced flows
// alternate by batch, not by frame. Each flow needs a file descriptor: the process's limit is
// raised (and left so) where it is allowed to be. A frame that the device refuses (ENOBUFS) is
// offered again and is not counted as sent. The port's namespace holds the source addresses ipv4,
// ipv4 + 1, ... (one per 16,384 flows).
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/core/ipv6.hpp"
#include "harness/core/registry.hpp"
#include "harness/sys/fd.hpp"
#include "harness/traffic/frame_set.hpp"
#include "harness/traffic/message_batch.hpp"
#include "harness/traffic/user_source.hpp"

namespace pktbench::traffic {

namespace {

constexpr rlim_t kOtherFds = 512;  // what the rest of the process may have open

// Of either version; 0 is any address.
struct Address {
  sockaddr_storage bytes{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

Address address_of(std::uint32_t ip, std::uint32_t ipv4, std::uint16_t port) {
  Address made;
  if (ip == 6) {
    auto& address = reinterpret_cast<sockaddr_in6&>(made.bytes);
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    const Ipv6Address bytes = ipv4 == 0 ? Ipv6Address{} : ipv6_of(ipv4);
    std::memcpy(&address.sin6_addr, bytes.data(), bytes.size());
    made.length = sizeof address;
  } else {
    auto& address = reinterpret_cast<sockaddr_in&>(made.bytes);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(ipv4);
    address.sin_port = htons(port);
    made.length = sizeof address;
  }
  return made;
}

std::string to_text(const Address& address) {
  char host[NI_MAXHOST] = "";
  char port[NI_MAXSERV] = "";
  getnameinfo(address.get(), address.length, host, sizeof host, port, sizeof port,
              NI_NUMERICHOST | NI_NUMERICSERV);
  return fmt::format("{} port {}", host, port);
}

Result<void> allow_fds(std::uint32_t sockets) {
  const rlim_t wanted = sockets + kOtherFds;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return system_error("getrlimit", errno);
  if (limit.rlim_cur >= wanted) return {};
  const rlimit raised{wanted, std::max(wanted, limit.rlim_max)};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return {};
  return make_error(ErrorCode::unsupported,
                    "the flows need {} sockets, and this process may have {} open "
                    "files at most: raise the limit (ulimit -Hn) or take fewer flows",
                    sockets, limit.rlim_max);
}

Result<sys::Fd> open_flow(const TrafficConfig& config, std::uint32_t flow) {
  const std::uint32_t ip = config.traffic.ip;
  sys::Fd socket(::socket(ip == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return system_error(fmt::format("open the UDP socket of flow {}", flow), errno);
  constexpr struct {
    std::uint32_t ip;  // 0: any
    int level, name, value;
  } kOptions[] = {
      {4, IPPROTO_IP, IP_TTL, kIpTtl},
      {4, IPPROTO_IP, IP_RECVERR, 1},  // else a frame that the device refuses looks sent
      {4, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO},
      {6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, kIpTtl},
      {6, IPPROTO_IPV6, IPV6_RECVERR, 1},
      {6, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO},
      {0, SOL_SOCKET, SO_RCVBUF, 0},  // the kernel's minimum: frames that come back are not kept
  };
  for (const auto& [only, level, name, value] : kOptions)
    if ((only == 0 || only == ip) &&
        setsockopt(socket.get(), level, name, &value, sizeof value) != 0)
      return system_error(fmt::format("set up the UDP socket of flow {}", flow), errno);
  // With more flows than ports each socket serves several, and each frame names its source address.
  const bool shared = config.traffic.flows > PB_FLOWS_PER_ADDR;
  const Address from =
      address_of(ip, shared ? INADDR_ANY : flow_address(config.from.ipv4, flow), flow_port(flow));
  const Address to = address_of(ip, config.to.ipv4, PB_UDP_PORT);
  if (bind(socket.get(), from.get(), from.length) != 0)
    return system_error("bind a UDP socket to " + to_text(from), errno);
  if (connect(socket.get(), to.get(), to.length) != 0)
    return system_error("connect a UDP socket to " + to_text(to), errno);
  return socket;
}

class UdpSender final : public BatchSender {
 public:
  Result<void> open(const TrafficConfig& config, unsigned batch) override {
    if (auto r = FrameSet::build(config).into(set_); !r) return r;
    if (set_.ipv6() && config.traffic.flows > PB_FLOWS_PER_ADDR)
      return make_error(ErrorCode::unsupported,
                        "udp-sendmmsg has one IPv6 source address, and so {} flows at most; use "
                        "packet-sendmmsg or xdp-live",
                        PB_FLOWS_PER_ADDR);
    flows_ = config.traffic.flows;
    base_address_ = config.from.ipv4;
    const std::uint32_t sockets = std::min(flows_, PB_FLOWS_PER_ADDR);
    if (auto r = allow_fds(sockets); !r) return r.error();
    sockets_.clear();
    sockets_.reserve(sockets);
    for (std::uint32_t flow = 0; flow < sockets; ++flow) {
      auto socket = open_flow(config, flow);
      if (!socket) return socket.error();
      sockets_.push_back(std::move(*socket));
    }
    next_flow_ = 0;

    payloads_ = MessageBatch(std::span(set_.largest()).subspan(set_.tag_offset()), batch);
    if (flows_ > sockets)
      for (mmsghdr& message : payloads_.messages()) {
        message.msg_hdr.msg_control = source_.bytes;
        message.msg_hdr.msg_controllen = sizeof source_.bytes;
      }
    source_.align.cmsg_level = IPPROTO_IP;
    source_.align.cmsg_type = IP_PKTINFO;
    source_.align.cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
    return {};
  }

  // Per frame: two byte swaps, two stores and that of the length. Per batch: the next flow's socket
  // and address.
  void prepare(std::uint64_t seq, unsigned count, std::uint64_t due_ns) override {
    socket_ = sockets_[next_flow_ & (PB_FLOWS_PER_ADDR - 1)].get();
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(flow_address(base_address_, next_flow_));
    std::memcpy(CMSG_DATA(&source_.align), &info, sizeof info);
    next_flow_ = next_flow_ + 1 < flows_ ? next_flow_ + 1 : 0;
    for (unsigned i = 0; i < count; ++i) {
      pb_tag_stamp_due(payloads_.at(i), seq + i, due_ns);
      payloads_.set_length(i, set_.length(seq + i) - set_.tag_offset());
    }
  }

  int send(unsigned first, unsigned count) override {
    const int taken = sendmmsg(socket_, &payloads_.messages()[first], count, MSG_DONTWAIT);
    if (taken >= 0) return taken;
    // Somebody answered an earlier frame with ICMP "port unreachable"; this one was not sent.
    return errno == ECONNREFUSED ? -EAGAIN : -errno;
  }

  std::uint64_t bytes_of(std::uint64_t frames) const override { return set_.bytes_of(frames); }

  void close() override { sockets_.clear(); }

 private:
  FrameSet set_;
  std::vector<sys::Fd> sockets_;  // by port
  std::uint32_t flows_ = 1;
  std::uint32_t next_flow_ = 0;
  std::uint32_t base_address_ = 0;  // host byte order
  int socket_ = -1;                 // of the prepared batch
  MessageBatch payloads_;
  // The source address of the prepared batch, for every message of it.
  union {
    char bytes[CMSG_SPACE(sizeof(in_pktinfo))];
    cmsghdr align;
  } source_{};
};

}  // namespace

GeneratorType udp_sendmmsg_generator() {
  return {.name = "udp-sendmmsg",
          .summary = "datagrams through the stack, one socket per flow, in batches",
          .options = {batch_option()},
          .probe = [] { return no_socket(AF_INET, SOCK_DGRAM, "a UDP socket"); },
          .make = [] { return std::make_unique<UserSource>(std::make_unique<UdpSender>()); },
          .stamps = true};
}

}  // namespace pktbench::traffic
