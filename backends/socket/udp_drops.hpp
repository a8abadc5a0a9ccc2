// Where datagrams were dropped between the device and a UDP socket, since open().
//
//   socket_buffer  the socket's own count: its buffer, or the memory for all of UDP, was full
//   udp_checksum   InCsumErrors
//   udp_no_port    NoPorts
//   ip_input       InHdrErrors + InAddrErrors + InDiscards
//
// All but the first count for the whole namespace: what others receive there is in them too. The
// socket's own count has checksum errors in it where the kernel found the socket first (above 76
// bytes of datagram); the namespace's RcvbufErrors and MemErrors tell them apart, so that a frame
// is counted once.
#pragma once

#include <cstdint>
#include <utility>

#include "backends/common/snmp.hpp"
#include "harness/core/counters.hpp"
#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::udp {

// Threads: one controlling thread.
class UdpDrops {
 public:
  // `ip`: 4 or 6, the socket's. REQUIRES: the calling thread is in the socket's namespace. The
  // socket outlives this.
  static Result<UdpDrops> open(int socket, std::uint32_t ip = 4);

  // From any namespace. Monotonic.
  Result<DropCounts> sample();

 private:
  UdpDrops(int socket, std::uint32_t ip, sys::Fd snmp)
      : socket_(socket), ip_(ip), snmp_(std::move(snmp)) {}

  int socket_;
  std::uint32_t ip_;
  sys::Fd snmp_;
  backends::SnmpCounters base_;
  std::uint32_t last_ = 0;  // the kernel's counter has 32 bits
  std::uint64_t socket_drops_ = 0;
};

}  // namespace pktbench::udp
