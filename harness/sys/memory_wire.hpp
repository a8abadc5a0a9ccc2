// Between generator and receiver where no device is: one process holds both ends, and this is how
// the traffic source orders frames of the sender in it and hears what became of them.
//
// It lies in a memfd that the testbed makes and that both map. Each field names its one writer; the
// reader of an order sees all that was written before it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>

#include "bpf/stamp.h"
#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/mapped.hpp"

namespace pktbench::sys {

struct MemoryWire {
  static constexpr std::uint32_t kMaxFrame = 1536;

  // Writer: the testbed, once.
  std::int32_t generator_cpu = 0;

  // Writer: the source, before its first order.
  std::uint8_t frame[kMaxFrame] = {};  // flow 0, without FCS
  std::uint32_t frame_bytes = 0;
  std::uint32_t ip_sum = 0;  // the next three: bpf/frame.h
  std::uint32_t udp_sum = 0;
  std::uint32_t base_address = 0;
  std::uint32_t flows = 1;
  bool ipv6 = false;        // bpf/frame6.h
  std::uint32_t batch = 1;  // frames handed over at once at most
  bool stamped = false;     // each says when it was due

  // Writer: the source. `orders` counts them, and comes last; the two before it are the latest
  // one's.
  alignas(64) std::atomic<std::uint64_t> limit{0};
  std::atomic<double> rate_pps{0};  // 0: as fast as possible
  std::atomic<std::uint64_t> orders{0};
  std::atomic<bool> shut{true};

  // Writer: the sender.
  alignas(64) std::atomic<std::uint64_t> packets{0};  // taken by the way to the receiver
  std::atomic<std::uint64_t> refused{0};              // attempts that found no room there
  std::atomic<std::uint64_t> since_open{0};           // of `packets`, those of the latest order
  std::atomic<std::uint64_t> started_ns{0};           // of the latest order; 0: sent nothing
  std::atomic<std::uint64_t> served{0};               // the latest order that is at rest
  std::atomic<pid_t> sender{0};                       // its thread; 0: the receiver's
  std::atomic<bool> self_made{false};                 // frames are the driver's own, all alike
  std::atomic<std::uint64_t> returned{0};             // frames that the receiver sent back
  std::atomic<std::uint64_t> strays{0};               // the same, but not of this trial or address
  std::atomic<bool> ready{false};                     // somebody serves orders
  // Of stamped frames.
  pb_delays lateness{};   // until each was handed over
  pb_stamps came_back{};  // until one that the receiver sent back was here again
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

using WireMapping = Mapped<MemoryWire>;

// `fd` stays the caller's.
Result<WireMapping> map_wire(int fd);

// The memfd, with a MemoryWire in it.
Result<Fd> make_wire(int generator_cpu);

}  // namespace pktbench::sys
