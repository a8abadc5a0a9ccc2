#include "backends/packet/ring.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/net_tstamp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "backends/common/kernel_stamps.hpp"
#include "backends/common/socket_option.hpp"

namespace pktbench::packet {

using backends::socket_option;

namespace {

// What the kernel divides a block by for its own bookkeeping; frames lie close, whatever it is.
constexpr std::uint32_t kFrameBytes = 2048;

// Newer than Debian 12's headers (Linux 6.3). An older kernel ignores it, and the frames that the
// device sends are foreign.
constexpr int kFanoutIgnoreOutgoing = 0x4000;

template <class T>
bool set(int fd, int name, const T& value) {
  return setsockopt(fd, SOL_PACKET, name, &value, sizeof value) == 0;
}

}  // namespace

Result<Ring> Ring::open(unsigned ifindex, const RingSize& size) {
  // Protocol 0: nothing comes before bind().
  sys::Fd fd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!fd) {
    if (errno == EAFNOSUPPORT)
      return make_error(ErrorCode::unsupported, "this kernel has no packet sockets");
    return system_error("open a packet socket", errno);
  }
  if (!set(fd.get(), PACKET_VERSION, int{TPACKET_V3})) {
    if (errno == EINVAL)
      return make_error(ErrorCode::unsupported, "this kernel has no TPACKET_V3 (Linux 3.2)");
    return system_error("PACKET_VERSION", errno);
  }
  if (!set(fd.get(), PACKET_IGNORE_OUTGOING, 1)) {
    if (errno == ENOPROTOOPT)
      return make_error(ErrorCode::unsupported,
                        "this kernel shows a packet socket what the device sends (before 4.20)");
    return system_error("PACKET_IGNORE_OUTGOING", errno);
  }
  Ring ring(std::move(fd), size);
  tpacket_req3 request{};
  request.tp_block_size = size.block_bytes;
  request.tp_block_nr = size.blocks;
  request.tp_frame_size = kFrameBytes;
  request.tp_frame_nr = size.block_bytes / kFrameBytes * size.blocks;
  request.tp_retire_blk_tov = size.timeout_ms;
  if (!set(ring.fd(), PACKET_RX_RING, request))
    return system_error(
        fmt::format("a ring of {} blocks of {} bytes", size.blocks, size.block_bytes), errno);
  void* memory =
      mmap(nullptr, ring.bytes(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd(), 0);
  if (memory == MAP_FAILED) return system_error("map the ring", errno);
  ring.memory_ = static_cast<std::uint8_t*>(memory);

  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(ifindex);
  if (bind(ring.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return system_error("bind the packet socket", errno);
  return ring;
}

Ring::~Ring() {
  if (memory_ != nullptr) munmap(memory_, bytes());
}

Result<std::uint16_t> Ring::join_hash_group(std::optional<std::uint16_t> group) {
  int type = PACKET_FANOUT_HASH | kFanoutIgnoreOutgoing;
  if (!group) type |= PACKET_FANOUT_FLAG_UNIQUEID;
  if (!set(fd(), PACKET_FANOUT, int{group.value_or(0)} | type << 16))
    return system_error("fanout", errno);
  const auto got = socket_option<int>(fd(), SOL_PACKET, PACKET_FANOUT, "read the fanout group");
  if (!got) return got.error();
  if ((*got >> 16 & 0xff) != PACKET_FANOUT_HASH)
    return make_error(ErrorCode::failed, "the fanout group does not spread by hash");
  return static_cast<std::uint16_t>(*got);
}

Result<void> Ring::ask_for_stamps() {
  if (auto r = backends::ask_for_kernel_stamps(fd()); !r) return r;
  if (!set(fd(), PACKET_TIMESTAMP, int{SOF_TIMESTAMPING_SOFTWARE}))
    return system_error("PACKET_TIMESTAMP", errno);
  return {};
}

Result<Ring::Statistics> Ring::take_statistics() {
  const auto now =
      socket_option<tpacket_stats_v3>(fd(), SOL_PACKET, PACKET_STATISTICS, "PACKET_STATISTICS");
  if (!now) return now.error();
  return Statistics{now->tp_packets - now->tp_drops, now->tp_drops};
}

}  // namespace pktbench::packet
