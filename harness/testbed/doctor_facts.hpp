// What `pktbench doctor` looks at, gathered in one place so that every check is a pure function of
// it.
//
// Threads: values, no sharing. Errors: each value carries its own; what could not be read is never
// taken for good.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/netdev_features.hpp"
#include "harness/testbed/port_safety.hpp"

namespace pktbench {

struct DoctorSources {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
  // Folders of DPDK's driver plugins, tried in turn.
  std::vector<std::string> dpdk_drivers = {
      "/usr/lib/x86_64-linux-gnu/dpdk/pmds-*", "/usr/lib/aarch64-linux-gnu/dpdk/pmds-*",
      "/usr/local/lib/x86_64-linux-gnu/dpdk/pmds-*", "/usr/local/lib/dpdk/pmds-*"};
};

inline Error not_asked() { return make_error(ErrorCode::unsupported, "was not asked"); }

struct IdleState {
  std::string folder;  // "state2"
  std::string name;
  unsigned latency_us = 0;
  bool disabled = false;
};

struct HostFacts {
  Result<std::vector<int>> cpus = not_asked();      // online
  Result<std::vector<int>> isolated = not_asked();  // by isolcpus
  // By CPU; the path is where it is set.
  Result<std::map<int, std::string>> governors = not_asked();
  std::string cpufreq_path;  // "/sys/devices/system/cpu/cpu%/cpufreq/scaling_governor"
  Result<bool> turbo = not_asked();
  std::string turbo_path;
  Result<std::vector<IdleState>> idle_states = not_asked();  // of the first CPU
  std::string idle_path;  // "/sys/devices/system/cpu/cpu*/cpuidle"
  Result<bool> smt = not_asked();
  Result<bool> irqbalance = not_asked();
  Result<long> huge_pages = not_asked();  // taken ones among them
  Result<long> huge_pages_free = not_asked();
  Result<long> huge_page_kb = not_asked();
  std::string huge_pages_path;
  Result<long> iommu_groups = not_asked();
  Result<long> bpf_jit = not_asked();
  std::string bpf_jit_path;
  Result<std::map<std::string, std::string>> mitigations = not_asked();
  Result<std::string> kernel = not_asked();
};

struct PcieLink {
  std::string speed;  // "8.0 GT/s PCIe"
  std::string max_speed;
  int width = 0;  // lanes
  int max_width = 0;
};

struct PortFacts {
  std::string name;    // empty: the PCI function has no interface here
  std::string pci;     // empty: on no PCI bus
  std::string driver;  // empty: not known
  unsigned mtu = 0;
  bool up = false;
  Result<bool> carrier = not_asked();
  Result<sys::LinkSpeed> speed = not_asked();
  Result<PcieLink> pcie = not_asked();
  Result<int> numa_node = not_asked();  // -1: the host has no nodes to tell apart
  Result<std::vector<int>> node_cpus = not_asked();
  Result<std::map<int, std::vector<int>>> irqs = not_asked();  // IRQ → CPUs it may go to
  Result<sys::RxQueues> queues = not_asked();
  Result<sys::Rings> rings = not_asked();
  Result<sys::Pause> pause = not_asked();
  Result<bool> lro = not_asked();
  std::vector<sys::XdpAttachment> xdp;
  Result<sys::XdpFeatures> xdp_features = not_asked();
  Result<std::vector<std::string>> dpdk_drivers = not_asked();  // plugins that claim the chip
  SafetyVerdict safety;
};

HostFacts gather_host_facts(const DoctorSources& sources = {});

// `port`: an interface's name or a PCI address. Errors: `invalid_input` where there is none such.
Result<PortFacts> gather_port_facts(const std::string& port, const SafetyPolicy& policy,
                                    const DoctorSources& sources = {});

// Every interface that could be a port: all but the loopback.
Result<std::vector<std::string>> list_ports();

// DPDK's drivers that say they know this PCI device, by what their plugins declare.
Result<std::vector<std::string>> dpdk_drivers_of(const std::string& pci,
                                                 const DoctorSources& sources);

}  // namespace pktbench
