// The sockets that net_af_xdp and net_af_packet receive through, found among this process's open
// files: the drivers give no way to them, and hide some of what the kernel dropped there.
//
//   af_xdp_rx_ring_full     the socket's receive ring was full
//   af_xdp_fill_ring_empty  the fill ring had no buffer for the frame (copy mode; a device in
//                           zero-copy mode counts that itself)
//   packet_ring_full        the AF_PACKET ring was full
//
// veth counts the first two as drops of its own as well.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/core/counters.hpp"
#include "harness/core/result.hpp"

namespace pktbench::dpdk {

class DriverSockets {
 public:
  // An AF_PACKET socket takes the frames with `trial_tag` from here on; an AF_XDP socket takes all.
  // Errors: this process has not `expected` sockets of the kind that `driver` uses.
  static Result<DriverSockets> find(const std::string& driver, std::uint32_t expected,
                                    std::uint32_t trial_tag, bool ipv6);

  // Monotonic since find().
  Result<DropCounts> sample();

  const std::vector<int>& all() const { return sockets_; }

  // "copy" or "zero-copy"; empty where the sockets know no such thing.
  std::string copy_mode() const;

 private:
  DriverSockets(int domain, std::vector<int> sockets)
      : domain_(domain), sockets_(std::move(sockets)) {}

  int domain_;
  std::vector<int> sockets_;  // the driver's
  DropCounts base_;
  std::uint64_t packet_ring_full_ = 0;
};

}  // namespace pktbench::dpdk
