#include "backends/dpdk/drivers.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "harness/sys/detached_mount.hpp"
#include "harness/sys/file.hpp"

namespace pktbench::dpdk {

namespace {

bool is_one_of(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

const std::vector<std::string>& kernel_drivers() {
  static const std::vector<std::string> names = {"net_af_xdp", "net_af_packet"};
  return names;
}

const std::vector<std::string>& memory_drivers() {
  static const std::vector<std::string> names = {"net_virtio_user", "net_ring", "net_null"};
  return names;
}

bool over_kernel_device(const std::string& driver) { return is_one_of(kernel_drivers(), driver); }

std::string driver_for(const BackendConfig& config) {
  const auto& driver = option<std::string>(config.options, "driver");
  return driver == kPortsOwn && !config.port.pci.empty() ? config.port.pci : driver;
}

std::string wrong_port(const std::string& driver, const Port& port) {
  const bool memory = port.wire_fd >= 0;
  if (is_one_of(memory_drivers(), driver)) {
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
    const std::filesystem::directory_iterator all(sysfs + "/class/net/" + port.name + "/queues",
                                                  error);
    if (error) return system_error("count the RX queues of " + port.name, error.value());
    for (const auto& queue : all) count += queue.path().filename().string().starts_with("rx-");
    return {};
  });
  if (!read) return read.error();
  return count;
}

}  // namespace pktbench::dpdk
