#include "backends/dpdk/drivers.hpp"

#include <algorithm>
#include <system_error>

#include "harness/sys/detached_mount.hpp"
#include "harness/sys/file.hpp"

namespace pktbench::dpdk {

bool over_kernel_device(const std::string& driver) {
  return std::ranges::count(kKernelDrivers, driver) > 0;
}

std::string driver_for(const BackendConfig& config) {
  const auto& driver = option<std::string>(config.options, "driver");
  return driver == kPortsOwn && !config.port.pci.empty() ? config.port.pci : driver;
}

std::string wrong_port(const std::string& driver, const Port& port) {
  const bool memory = port.wire_fd >= 0;
  if (std::ranges::count(kMemoryDrivers, driver) > 0) {
    if (!memory)
      return "driver " + driver + " has no device to receive from and " + port.name +
             " is one; use the testbed memory, which has a generator for it";
    if (port.queues > 1) return "driver " + driver + " has one queue here";
    return "";
  }
  if (over_kernel_device(driver))
    return memory ? "driver " + driver +
                        " receives from a network device, and the testbed memory has none; use veth"
                  : "";
  if (!memory && !port.pci.empty() && port.pci == driver) return "";
  if (driver == kPortsOwn)
    return "the testbed's port " + port.name + " is on no PCI bus; it needs testbed nic";
  return "driver " + driver + " is a PCI device, and the testbed's port " + port.name +
         " is not that device; it needs testbed nic with that port as its dut";
}

Result<std::size_t> rx_queues(const Port& port) {
  std::size_t count = 0;
  auto read = sys::with_sysfs_of(port.netns_path, [&](const std::string& sysfs) -> Result<void> {
    std::error_code error;
    for (const auto& queue : sys::entries_of(sysfs + "/class/net/" + port.name + "/queues", &error))
      count += queue.filename().string().starts_with("rx-");
    if (error) return system_error("count the RX queues of " + port.name, error.value());
    return {};
  });
  if (!read) return read.error();
  return count;
}

}  // namespace pktbench::dpdk
