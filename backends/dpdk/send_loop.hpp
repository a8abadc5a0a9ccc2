// The generator's lcore where no device is between the ends: hands frames to the driver's other
// end.
//
// Threads: run() is the sending lcore's; the counts are read by any.
#pragma once

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include <atomic>
#include <cstdint>

#include "backends/dpdk/dpdk_port.hpp"
#include "bpf/frame6.h"
#include "harness/sys/memory_wire.hpp"

namespace pktbench::dpdk {

class Sender {
 public:
  // Sends on queue 0 of `ports.send`, from `ports.pool`, which nobody else allocates from.
  // `takes_back`: frames are sent back, so that a buffer's content is not what was last written
  // there.
  Sender(sys::MemoryWire& wire, const MemoryPorts& ports, bool takes_back,
         const std::atomic<bool>& stop)
      : wire_(wire), port_(ports.send), pool_(ports.pool), takes_back_(takes_back), stop_(stop) {}

  // Serves the wire's orders until `stop`. Sleeps while there is none.
  void run();

 private:
  void begin();
  void send_until_shut();
  void take_back();
  void fill(rte_mbuf* frame, std::uint64_t due_ns);

  sys::MemoryWire& wire_;
  const std::uint16_t port_;
  rte_mempool* const pool_;
  const bool takes_back_;
  const std::atomic<bool>& stop_;
  pb_frame_template sums_{};
  std::uint64_t seq_ = 0;
  std::uint32_t flow_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace pktbench::dpdk
