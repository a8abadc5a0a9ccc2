// Which of DPDK's drivers goes with which port, and what the port's device says of itself.
//
// Threads: any. None of it needs DPDK.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "harness/core/backend.hpp"
#include "harness/core/port.hpp"
#include "harness/core/result.hpp"

namespace pktbench::dpdk {

// Over a kernel device, through its sockets.
inline constexpr std::array kKernelDrivers = {"net_af_xdp", "net_af_packet"};
bool over_kernel_device(const std::string& driver);

// Without a device.
inline constexpr std::array kMemoryDrivers = {"net_virtio_user", "net_ring", "net_null"};

// Stands for the PCI address of whatever port is under test.
inline constexpr const char* kPortsOwn = "pci";

// The option `driver`; with the port's own PCI address where it asks for that and there is one.
std::string driver_for(const BackendConfig& config);

// Why `driver` cannot receive on `port`; empty where it can.
std::string wrong_port(const std::string& driver, const Port& port);

Result<std::size_t> rx_queues(const Port& port);

}  // namespace pktbench::dpdk
