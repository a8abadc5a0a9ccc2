// One DPDK port over a network device: EAL, the driver, its queues and their buffers.
//
// EAL is initialised once in a process: one DpdkPort per process. Threads: the main lcore.
#pragma once

#include <rte_mempool.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/dpdk/driver_sockets.hpp"
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

  // Frames that were dropped after the device and before the driver's queues.
  Result<DropCounts> drops();

  // REQUIRES: no lcore polls. Idempotent.
  void close();

  std::uint16_t id() const { return *id_; }

 private:
  Result<void> start_eal(const Setup& setup);
  Result<void> set_up_queues(const Setup& setup);
  void discard();

  bool eal_ = false;
  bool started_ = false;
  std::string driver_;
  std::uint16_t queues_ = 0;
  std::uint32_t descriptors_ = 0;
  std::optional<std::uint16_t> id_;
  std::optional<DriverSockets> sockets_;
};

}  // namespace pktbench::dpdk
