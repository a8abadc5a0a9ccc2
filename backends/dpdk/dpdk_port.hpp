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

// Where the driver has no device.
struct MemoryPorts {
  std::uint16_t send = 0;       // the other end; none where the driver makes its own frames
  rte_mempool* pool = nullptr;  // to send from
  bool self_made = false;
};

class DpdkPort {
 public:
  DpdkPort() = default;
  DpdkPort(const DpdkPort&) = delete;
  DpdkPort& operator=(const DpdkPort&) = delete;
  ~DpdkPort() { close(); }

  // The lcores 1 to setup.lcores wait for work when it returns, and frames are being received.
  // Fills in what was obtained. Errors: `unsupported` where the device cannot do it.
  Result<void> open(const Setup& setup, Ready& ready);

  struct Lost {
    DropCounts drops;            // after the device and before the driver's queues
    std::uint64_t not_sent = 0;  // which the driver took to send and could not
  };
  Result<Lost> lost();

  // REQUIRES: no lcore polls. Idempotent.
  void close();

  std::span<const QueueId> queues() const { return queues_; }
  // Of each of them: where its frames go.
  std::span<const QueueId> ways_out() const { return ways_out_.empty() ? queues() : ways_out_; }
  // Of the driver, where it has any: readable when a frame is there.
  std::span<const int> sockets() const {
    return sockets_ ? std::span<const int>(sockets_->all()) : std::span<const int>();
  }
  const std::optional<MemoryPorts>& memory() const { return memory_; }

 private:
  Result<void> start_eal(const Setup& setup);
  Result<void> open_kernel_device(const Setup& setup);
  // A port for each queue, or one for all; they are appended to `queues`.
  Result<void> open_ports(const Setup& setup, const char* device, const std::string& name,
                          std::vector<QueueId>& queues);
  Result<void> open_pci(const Setup& setup);
  // In memory_ports.cpp.
  Result<void> open_memory(const Setup& setup);
  Result<void> open_rings(const Setup& setup);
  Result<void> open_virtio(const Setup& setup);
  Result<void> open_null(const Setup& setup);
  Result<std::uint16_t> add(const std::string& name, const std::string& arguments,
                            std::uint16_t queues, const Setup& setup);
  Result<void> set_up_queues(std::uint16_t port, std::uint16_t queues, const Setup& setup,
                             bool same_pool = false);
  void describe(Ready& ready) const;
  void receive_on(std::uint16_t port, std::uint16_t queues) { append(queues_, port, queues); }
  static void append(std::vector<QueueId>& to, std::uint16_t port, std::uint16_t queues);
  void discard();

  bool eal_ = false;
  std::string driver_;
  std::uint32_t descriptors_ = 0;
  unsigned pools_ = 0;
  rte_mempool* pool_ = nullptr;        // of the queue that was set up last
  std::vector<std::uint16_t> opened_;  // the last is closed first
  std::vector<QueueId> queues_;
  std::vector<QueueId> ways_out_;  // of the second device; empty: there is none
  std::optional<DriverSockets> sockets_;
  std::optional<MemoryPorts> memory_;
};

// `error`: DPDK's, positive.
Error dpdk_error(const std::string& what, int error);

}  // namespace pktbench::dpdk
