// What DPDK receives from: EAL, a driver's ports, their queues and buffers.
//
// EAL is initialised once in a process: one DpdkPort per process. Threads: the main lcore.
#pragma once

#include <rte_mempool.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backends/dpdk/driver_sockets.hpp"
#include "backends/dpdk/poll_loop.hpp"
#include "backends/dpdk/protocol.hpp"
#include "harness/core/result.hpp"

namespace pktbench::dpdk {

class DpdkPort {
 public:
  DpdkPort() = default;
  DpdkPort(const DpdkPort&) = delete;
  DpdkPort& operator=(const DpdkPort&) = delete;
  ~DpdkPort() { close(); }

  // The lcores 1 to setup.lcores wait for work when it returns, and frames are being received.
  // Errors: `unsupported` where the device cannot do it.
  Result<void> open(const Setup& setup);

  // Fills in what was obtained.
  void describe(Ready& ready) const;

  struct Lost {
    DropCounts drops;            // after the device and before the driver's queues
    std::uint64_t not_sent = 0;  // which the driver took to send and could not
  };
  Result<Lost> lost();

  // REQUIRES: no lcore polls. Idempotent.
  void close();

  std::span<const QueueId> queues() const { return queues_; }
  // Of the driver, where it has any: readable when a frame is there.
  std::span<const int> sockets() const { return sockets_->all(); }

 private:
  Result<void> start_eal(const Setup& setup);
  Result<void> add(const std::string& name, const std::string& arguments, std::uint16_t queues,
                   const Setup& setup);
  Result<void> set_up_queues(std::uint16_t port, std::uint16_t queues, const Setup& setup);
  void discard();

  bool eal_ = false;
  std::string driver_;
  std::uint32_t descriptors_ = 0;
  std::vector<std::uint16_t> ports_;
  std::vector<QueueId> queues_;
  std::optional<DriverSockets> sockets_;
};

}  // namespace pktbench::dpdk
