#include "backends/socket/udp_drops.hpp"

#include <fcntl.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <initializer_list>
#include <optional>
#include <utility>

#include "backends/common/socket_option.hpp"
#include "harness/sys/file.hpp"

namespace pktbench::udp {

using backends::SnmpCounters;

namespace {

Result<SnmpCounters> read_snmp(const sys::Fd& file, std::uint32_t ip) {
  const auto text = sys::read_all(file, "read the namespace's IP counters");
  if (!text) return text.error();
  return ip == 6 ? backends::parse_snmp6(*text) : backends::parse_snmp(*text);
}

Result<std::uint32_t> read_socket_drops(int socket) {
  const auto info = backends::socket_option<std::array<std::uint32_t, SK_MEMINFO_VARS>>(
      socket, SOL_SOCKET, SO_MEMINFO, "SO_MEMINFO");
  if (!info) return info.error();
  return (*info)[SK_MEMINFO_DROPS];
}

}  // namespace

Result<UdpDrops> UdpDrops::open(int socket, std::uint32_t ip) {
  // The file stays that of the namespace in which it was opened.
  const std::string file = std::string("/proc/thread-self/net/snmp") + (ip == 6 ? "6" : "");
  sys::Fd snmp(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!snmp) return system_error("open " + file, errno);
  UdpDrops drops(socket, ip, std::move(snmp));
  if (auto r = read_snmp(drops.snmp_, ip).into(drops.base_); !r) return r.error();
  if (auto r = read_socket_drops(socket).into(drops.last_); !r) return r.error();
  return drops;
}

Result<DropCounts> UdpDrops::sample() {
  auto socket = read_socket_drops(socket_);
  if (!socket) return socket.error();
  socket_drops_ += static_cast<std::uint32_t>(*socket - last_);
  last_ = *socket;
  auto now = read_snmp(snmp_, ip_);
  if (!now) return now.error();

  // Since open(); none where the kernel has not one of them.
  const auto since = [&](std::initializer_list<const char*> names) {
    std::optional<std::uint64_t> sum = 0;
    for (const char* name : names) {
      const auto then_it = base_.find(name);
      const auto now_it = now->find(name);
      if (then_it == base_.end() || now_it == now->end()) return std::optional<std::uint64_t>();
      *sum += now_it->second - then_it->second;
    }
    return sum;
  };
  DropCounts drops;
  const auto no_room = since({"Udp.RcvbufErrors", "Udp.MemErrors"});
  drops["socket_buffer"] = std::min(socket_drops_, no_room.value_or(socket_drops_));
  if (const auto n = since({"Udp.InCsumErrors"})) drops["udp_checksum"] = *n;
  if (const auto n = since({"Udp.NoPorts"})) drops["udp_no_port"] = *n;
  if (const auto n = since({"Ip.InHdrErrors", "Ip.InAddrErrors", "Ip.InDiscards"}))
    drops["ip_input"] = *n;
  return drops;
}

}  // namespace pktbench::udp
