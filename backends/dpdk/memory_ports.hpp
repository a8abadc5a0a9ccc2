// DPDK's drivers without a device: a port to receive on, and the other end of it.
//
//   net_ring         two rings, one each way; frames change hands and are not copied
//   net_virtio_user  a virtqueue; the other end is a vhost port, which copies
//   net_null         no other end: the driver makes a frame whenever it is asked for one
//
// Threads: the main lcore.
#pragma once

#include <rte_mempool.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "backends/dpdk/protocol.hpp"
#include "harness/core/result.hpp"

namespace pktbench::dpdk {

// `error`: DPDK's, positive.
Error dpdk_error(const std::string& what, int error);

// A port of a driver without a device, or over one.
Result<std::uint16_t> add_vdev(const std::string& name, const std::string& arguments);

struct MemoryPorts {
  std::uint16_t receive = 0;
  std::uint16_t send = 0;       // the same where the driver makes its own frames
  rte_mempool* pool = nullptr;  // to send from
  bool self_made = false;
};

// What it takes to set a port's one queue up: DpdkPort's. `pool` null: one of its own, which is
// returned.
using SetUpQueue = std::function<Result<rte_mempool*>(std::uint16_t port, rte_mempool* pool)>;

// Ports that were opened are in `opened`, also after an error; the first is to be closed first.
Result<MemoryPorts> open_memory_ports(const Setup& setup, const SetUpQueue& set_up,
                                      std::vector<std::uint16_t>& opened);

}  // namespace pktbench::dpdk
