// A packet socket with a TPACKET_V3 receive ring mapped into this process. Owns both.
#pragma once

#include <linux/if_packet.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::packet {

struct RingSize {
  std::uint32_t block_bytes;  // a power of two, a page at least
  std::uint32_t blocks;
  std::uint32_t timeout_ms;  // after which a block that is not full is handed over
};

// Threads: one reads the blocks, one the statistics.
class Ring {
 public:
  // Bound to the device in the calling thread's namespace: frames come from now on.
  static Result<Ring> open(unsigned ifindex, const RingSize& size);
  Ring(Ring&& other) noexcept
      : fd_(std::move(other.fd_)),
        size_(other.size_),
        memory_(std::exchange(other.memory_, nullptr)) {}
  Ring& operator=(Ring&&) = delete;
  ~Ring();

  // Spreads flows over the sockets of a group by their hash. Without a `group`: one that
  // nobody has. Returns the group, as the kernel has it; 0 is one too.
  Result<std::uint16_t> join_hash_group(std::optional<std::uint16_t> group);

  // From the kernel, for each frame when it took it from its driver.
  Result<void> ask_for_stamps();

  struct Statistics {
    std::uint32_t queued;   // put into the ring
    std::uint32_t dropped;  // no block was free
  };
  // Since the last call: the kernel resets them.
  Result<Statistics> take_statistics();

  int fd() const { return fd_.get(); }
  std::uint32_t blocks() const { return size_.blocks; }
  tpacket_block_desc* block(std::uint32_t i) const {
    return reinterpret_cast<tpacket_block_desc*>(memory_ + std::size_t{i} * size_.block_bytes);
  }

 private:
  Ring(sys::Fd fd, const RingSize& size) : fd_(std::move(fd)), size_(size) {}
  std::size_t bytes() const { return std::size_t{size_.block_bytes} * size_.blocks; }

  sys::Fd fd_;
  RingSize size_;
  std::uint8_t* memory_ = nullptr;
};

}  // namespace pktbench::packet
