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
#include "backends/dpdk/memory_ports.hpp"
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
  std::span<const int> sockets() const {
    return sockets_ ? std::span<const int>(sockets_->all()) : std::span<const int>();
  }
  // Where the driver has no device.
  const std::optional<MemoryPorts>& memory() const { return memory_; }

 private:
  Result<void> start_eal(const Setup& setup);
  Result<void> open_kernel_device(const Setup& setup);
  Result<void> open_memory(const Setup& setup);
  Result<void> open_pci(const Setup& setup);
  Result<void> add(const std::string& name, const std::string& arguments, std::uint16_t queues,
                   const Setup& setup);
  Result<rte_mempool*> set_up_queues(std::uint16_t port, std::uint16_t queues, const Setup& setup,
                                     rte_mempool* pool = nullptr);
  void receive_on(std::uint16_t port, std::uint16_t queues);
  void discard();

  bool eal_ = false;
  std::string driver_;
  std::uint32_t descriptors_ = 0;
  unsigned pools_ = 0;
  std::vector<std::uint16_t> opened_;  // the first is closed first
  std::vector<QueueId> queues_;
  std::optional<DriverSockets> sockets_;
  std::optional<MemoryPorts> memory_;
};

}  // namespace pktbench::dpdk
