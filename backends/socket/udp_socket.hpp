// The UDP socket that every socket backend receives on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/core/options.hpp"
#include "harness/core/registry.hpp"
#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::udp {

// What a backend's receiving part is opened for.
struct Use {
  bool wait = true;                   // until something comes; else next() returns at once
  bool senders = false;               // the workload wants to know who sent a datagram
  bool stamps = false;                // and when the kernel had it; the socket has asked for it
  std::size_t datagram_bytes = 2048;  // room for the longest
};

// Room for the datagram of any frame that may come.
std::size_t datagram_bytes(const TrafficSpec& traffic);

// A socket on the trial's port and any address of the IP version, in the calling thread's
// namespace. Reads the option `rcvbuf_bytes`.
Result<sys::Fd> open_socket(const Options& options, std::uint32_t ip);

OptionSpec rcvbuf_option();

// Whether a UDP socket can be had.
Unavailable probe_socket();

}  // namespace pktbench::udp
