// One AF_XDP socket on one RX queue, with its UMEM and rings (libxdp's, with its program loading
// inhibited). Every frame of the UMEM is in one of the rings, or in the hands of the thread that
// receives; no ring but RX can be full.
//
// Threads: open(), the destructor and the reads of state belong to the controlling thread; the
// rings and memory() to the thread that receives.
#pragma once

#include <xdp/xsk.h>

#include <cstdint>
#include <memory>
#include <string>

#include "harness/core/result.hpp"

namespace pktbench::af_xdp {

struct XskConfig {
  std::string device;
  std::uint32_t queue = 0;
  std::uint16_t bind_flags = 0;      // XDP_COPY, XDP_ZEROCOPY, ... of <linux/if_xdp.h>
  std::uint32_t ring_size = 2048;    // RX descriptors; a power of two
  std::uint32_t umem_frames = 4096;  // all of them go round between fill and RX ring
  std::uint32_t frame_bytes = 2048;  // of which the kernel keeps 256 in front of the frame
  bool huge_pages = false;
  bool transmit = false;               // a TX ring, to send frames back
  std::string out_device = {};         // where it sends them instead; empty: back where they came
  std::uint32_t busy_poll_budget = 0;  // frames per busy poll; 0: no busy polling
};

// Frames the socket dropped after the program had redirected them, each counted once.
struct XskDrops {
  std::uint64_t rx_ring_full = 0;
  std::uint64_t fill_ring_empty = 0;  // no free frame in the UMEM
  std::uint64_t frame_too_long = 0;   // longer than frame_bytes - 256

  std::uint64_t sum() const { return rx_ring_full + fill_ring_empty + frame_too_long; }
};

class XskQueue {
 public:
  // REQUIRES: the calling thread is in the device's namespace. All frames are in the fill ring when
  // it returns. Waits up to two seconds for a queue whose last socket the kernel is still taking
  // down. Errors: `unsupported` where zero-copy was asked for and the kernel refuses it, and where
  // there are no huge pages; `refused` where the queue has a socket of somebody else's.
  static Result<std::unique_ptr<XskQueue>> open(const XskConfig& config);

  XskQueue(const XskQueue&) = delete;
  XskQueue& operator=(const XskQueue&) = delete;
  ~XskQueue();

  int fd() const { return xsk_socket__fd(socket_); }
  // The socket whose TX ring it is.
  int tx_fd() const { return xsk_socket__fd(out_socket_ ? out_socket_ : socket_); }
  bool transmits() const { return config_.transmit; }
  bool zero_copy() const { return zero_copy_; }  // as the kernel says
  // The NAPI that busy polling would drive; 0: the kernel knows none for this queue.
  unsigned napi_id() const { return napi_id_; }

  Result<XskDrops> drops() const;
  // Frames in the RX ring that the receiving thread has not released.
  std::uint32_t pending() const;
  // Frames in the fill ring that the kernel has not taken.
  std::uint32_t free_frames() const;

  xsk_ring_cons& rx() { return rx_; }
  xsk_ring_prod& fill() { return fill_; }
  // REQUIRES: config.transmit.
  xsk_ring_prod& tx() { return tx_; }
  xsk_ring_cons& completion() { return out_socket_ ? out_completion_ : completion_; }
  std::uint8_t* memory() { return memory_; }

 private:
  explicit XskQueue(const XskConfig& config) : config_(config) {}

  Result<void> map_memory();
  Result<void> bind();
  Result<void> bind_way_out();
  static Error bind_error(const XskConfig& asked, int error);
  Result<void> prefer_busy_poll() const;
  Result<void> read_back();
  void give_all_frames();
  void release_rings() noexcept;

  const XskConfig config_;
  std::uint8_t* memory_ = nullptr;
  std::size_t memory_bytes_ = 0;
  xsk_umem* umem_ = nullptr;
  xsk_socket* socket_ = nullptr;
  xsk_socket* out_socket_ = nullptr;  // of the same UMEM, on the same queue of out_device
  // libxdp keeps pointers to these, so that this object never moves.
  xsk_ring_prod fill_{};
  xsk_ring_cons completion_{};
  xsk_ring_cons rx_{};
  xsk_ring_prod tx_{};
  xsk_ring_prod out_fill_{};  // nothing is received there, and so this stays empty
  xsk_ring_cons out_completion_{};
  std::uint32_t ring_entries_ = 0;  // of all but RX
  bool zero_copy_ = false;
  unsigned napi_id_ = 0;
};

}  // namespace pktbench::af_xdp
