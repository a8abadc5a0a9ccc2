#include "backends/dpdk/driver_sockets.hpp"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "backends/common/socket_option.hpp"
#include "bpf/frame6.h"

namespace pktbench::dpdk {

using backends::socket_option;

namespace {

#ifndef SOL_XDP
#define SOL_XDP 283
#endif
#ifndef AF_XDP
#define AF_XDP 44
#endif

std::vector<int> sockets_of(int domain) {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::atoi(entry.path().filename().c_str());
    if (const auto is = socket_option<int>(fd, SOL_SOCKET, SO_DOMAIN, ""); is && *is == domain)
      found.push_back(fd);
  }
  return found;
}

// The socket also sees what the stack behind it asks and answers (ARP, ICMP). A filter leaves the
// frames of this trial, so that no others take room in the ring. Per frame: six instructions.
Result<void> take_only(int socket, std::uint32_t trial_tag, bool ipv6) {
  constexpr auto kLoadWord = BPF_LD | BPF_W | BPF_ABS;
  constexpr auto kEqual = BPF_JMP | BPF_JEQ | BPF_K;
  const std::uint32_t tag = ipv6 ? PB6_OFF_TAG : PB_OFF_TAG;
  const auto word = [tag](std::size_t at) { return tag + static_cast<std::uint32_t>(at); };
  std::array<sock_filter, 8> code{{
      {BPF_LD | BPF_B | BPF_ABS, 0, 0, static_cast<__u32>(SKF_AD_OFF + SKF_AD_PKTTYPE)},
      {kEqual, 5, 0, PACKET_OUTGOING},
      {kLoadWord, 0, 0, word(offsetof(pb_tag, magic))},
      {kEqual, 0, 3, PB_TAG_MAGIC},
      {kLoadWord, 0, 0, word(offsetof(pb_tag, trial))},
      {kEqual, 0, 1, trial_tag},
      {BPF_RET | BPF_K, 0, 0, UINT32_MAX},
      {BPF_RET | BPF_K, 0, 0, 0},
  }};
  const sock_fprog program{code.size(), code.data()};
  if (setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
    return system_error("attach a filter to the driver's socket", errno);
  return {};
}

}  // namespace

Result<DriverSockets> DriverSockets::find(const std::string& driver, std::uint32_t expected,
                                          std::uint32_t trial_tag, bool ipv6) {
  const int domain = driver == "net_af_xdp" ? AF_XDP : AF_PACKET;
  DriverSockets found(domain, sockets_of(domain));
  if (found.sockets_.size() != expected)
    return make_error(ErrorCode::failed,
                      "{} has {} sockets for {} queues: its drops could not be read", driver,
                      found.sockets_.size(), expected);
  if (domain == AF_PACKET)
    for (int socket : found.sockets_)
      if (auto r = take_only(socket, trial_tag, ipv6); !r) return r.error();
  if (auto r = found.sample().into(found.base_); !r) return r.error();
  return found;
}

Result<DropCounts> DriverSockets::sample() {
  DropCounts total;
  for (int socket : sockets_) {
    if (domain_ == AF_XDP) {
      // An empty fill ring is counted as rx_dropped by the frame, and again by the ring; the
      // driver's imissed is rx_dropped.
      const auto now =
          socket_option<xdp_statistics>(socket, SOL_XDP, XDP_STATISTICS, "XDP_STATISTICS");
      if (!now) return now.error();
      total["af_xdp_rx_ring_full"] += now->rx_ring_full;
      total["af_xdp_fill_ring_empty"] += now->rx_dropped;
    } else {
      // The kernel's count starts again at 0 whenever it is read.
      const auto now =
          socket_option<tpacket_stats>(socket, SOL_PACKET, PACKET_STATISTICS, "PACKET_STATISTICS");
      if (!now) return now.error();
      total["packet_ring_full"] = packet_ring_full_ += now->tp_drops;
    }
  }
  for (auto& [place, frames] : total)
    if (const auto before = base_.find(place); before != base_.end()) frames -= before->second;
  return total;
}

std::string DriverSockets::copy_mode() const {
  if (domain_ != AF_XDP) return {};
  for (int socket : sockets_) {
    const auto options = socket_option<xdp_options>(socket, SOL_XDP, XDP_OPTIONS, "");
    if (!options) return {};
    if (!(options->flags & XDP_OPTIONS_ZEROCOPY)) return "copy";
  }
  return "zero-copy";
}

}  // namespace pktbench::dpdk
