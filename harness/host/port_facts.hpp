// What the kernel, the driver and the bus tell of a port: `pktbench doctor` judges it and a run
// stores it.
//
// Threads: values, no sharing; devices are those of the calling thread's network namespace. Errors:
// each value carries its own.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/host/host_facts.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/netdev_features.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench {

// Of a network device.
struct DeviceFacts {
  Result<sys::LinkInfo> link = not_asked();
  Result<sys::DriverInfo> driver_info = not_asked();
  Result<sys::LinkSpeed> speed = not_asked();
  Result<sys::Channels> queues = not_asked();
  Result<sys::Rings> rings = not_asked();
  Result<sys::Pause> pause = not_asked();
  Result<sys::Coalescing> coalescing = not_asked();
  Result<std::string> udp4_hash = not_asked();  // of harness/sys/rss.hpp
  Result<bool> lro = not_asked();
  Result<bool> eee = not_asked();
  Result<std::string> wake_on_lan = not_asked();
  Result<sys::TimeStamping> time_stamping = not_asked();
  Result<std::vector<std::pair<std::string, bool>>> offloads = not_asked();
  Result<sys::XdpFeatures> xdp_features = not_asked();
};

DeviceFacts gather_device_facts(const std::string& name);

struct PcieLink {
  std::string speed;  // "8.0 GT/s PCIe"
  std::string max_speed;
  long width = 0;  // lanes
  long max_width = 0;
};

// Of a PCI function.
struct FunctionFacts {
  Result<PcieLink> pcie = not_asked();
  Result<long> numa_node = not_asked();  // -1: the host has no nodes to tell apart
  Result<std::vector<int>> node_cpus = not_asked();
  Result<std::map<int, std::vector<int>>> irqs = not_asked();  // IRQ → CPUs it may go to
  // Sleep states that the PCIe link may enter (ASPM), files of sysfs.
  Result<std::vector<std::string>> link_sleeps = not_asked();
  Result<std::vector<std::string>> dpdk_drivers = not_asked();  // plugins that claim the chip
  std::string pci_id = {};  // "8086:10d3"; empty: the function is not there
};

FunctionFacts gather_function_facts(const std::string& pci, const HostSources& sources = {});

Result<long> numa_node_of(const std::string& pci, const HostSources& sources);

Result<PcieLink> pcie_link_of(const std::string& pci, const HostSources& sources);

// The CPUs of its NUMA node.
Result<std::vector<int>> cpus_near(const std::string& pci, const HostSources& sources);

// DPDK's drivers that say they know this PCI device, by what their plugins declare.
Result<std::vector<std::string>> dpdk_drivers_of(const std::string& pci,
                                                 const HostSources& sources);

}  // namespace pktbench
