// The receive loop of the socket backends: a template over how datagrams are received and over what
// is done with each, so that the compiler sees all of it.
//
// A Receive has `int next()`, which blocks and returns how many datagrams came or a negative errno,
// and `std::span<const std::uint8_t> datagram(int i)`. A Workload takes such a span.
#pragma once

#include <arpa/inet.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>

#include "bpf/frame.h"

namespace pktbench::udp {

// Writer: the loop's thread. Readers: any.
struct alignas(64) LoopCounters {
  std::atomic<std::uint64_t> packets{0};
  std::atomic<std::uint64_t> bytes{0};  // without FCS
  std::atomic<std::uint64_t> foreign{0};
};

struct Drop {
  void operator()(std::span<const std::uint8_t>) const {}
};

// The first 8 bytes of every frame of a trial.
class TagCheck {
 public:
  explicit TagCheck(std::uint32_t trial) : magic_(htonl(PB_TAG_MAGIC)), trial_(htonl(trial)) {}

  bool operator()(std::span<const std::uint8_t> payload) const {
    if (payload.size() < sizeof(pb_tag)) return false;
    pb_tag tag;
    std::memcpy(&tag, payload.data(), sizeof tag);
    return tag.magic == magic_ && tag.trial == trial_;
  }

 private:
  std::uint32_t magic_;
  std::uint32_t trial_;
};

// Returns 0 when `stop` was set, or the errno that ended it. To wake it: set `stop`, then shut the
// socket down.
// Per call: the system call, which is the thing measured, and three relaxed stores. Per datagram:
// two loads and compares of the tag, and the workload.
template <class Receive, class Workload>
int poll_loop(Receive& receive, const Workload& workload, const TagCheck ours,
              LoopCounters& counters, const std::atomic<bool>& stop) {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t foreign = 0;
  while (true) {
    const int count = receive.next();
    if (stop.load(std::memory_order_relaxed)) return 0;
    if (count < 0) {
      if (count == -EINTR) continue;
      return -count;
    }
    for (int i = 0; i < count; ++i) {
      const std::span<const std::uint8_t> payload = receive.datagram(i);
      if (!ours(payload)) {
        ++foreign;
        continue;
      }
      ++packets;
      bytes += payload.size() + PB_OFF_TAG;
      workload(payload);
    }
    counters.packets.store(packets, std::memory_order_relaxed);
    counters.bytes.store(bytes, std::memory_order_relaxed);
    counters.foreign.store(foreign, std::memory_order_relaxed);
  }
}

}  // namespace pktbench::udp
