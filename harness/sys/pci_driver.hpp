// Which driver has a PCI function, and giving it to another: driver_override, unbind, probe.
//
// Threads: one per function. Errors: `unsupported` where the driver is not loaded; `failed` where
// the function did not come to it, after which whoever has it is said.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/sys/file.hpp"

namespace pktbench::sys {

// Where sysfs is and how it is written; a test has a tree of its own that behaves as the kernel's.
struct PciBus {
  std::string sysfs = "/sys";
  std::function<Result<void>(const std::string& path, const std::string& text)> write = write_file;
};

// Where sysfs has the function.
inline std::string pci_folder(const std::string& pci, const PciBus& bus = {}) {
  return bus.sysfs + "/bus/pci/devices/" + pci;
}

// The PCI function of a network device of the calling thread's namespace, "0000:01:00.0"; empty: it
// is on no PCI bus.
std::string pci_of(const std::string& device, const PciBus& bus = {});

// Its interrupts: by message, or else the line's.
std::set<int> pci_interrupts(const std::string& pci, const PciBus& bus = {});

// What its driver calls it, "eth0-TxRx-0"; empty: nobody has asked for it.
std::string interrupt_name(int irq, const PciBus& bus = {});

// Empty: none has it.
std::string pci_driver(const std::string& pci, const PciBus& bus = {});

// What driver_override says; empty: nothing.
std::string forced_driver(const std::string& pci, const PciBus& bus = {});

// Takes `pci` from whoever has it and gives it to `driver`; reads back that it has it. Idempotent.
// With `override` the function stays `driver`'s until that is cleared; without, an earlier override
// is cleared and the kernel's own choice stands, which must be `driver`.
Result<void> bind_pci(const std::string& pci, const std::string& driver, bool override,
                      const PciBus& bus = {});

// "8086:10d3"; empty where the function is not there.
std::string pci_id(const std::string& pci, const PciBus& bus = {});

// Other functions of its IOMMU group that a driver of the kernel has, so that vfio-pci refuses the
// group: "0000:00:05.0 (e1000e)". `has_group` false: there is no IOMMU for it.
struct IommuGroup {
  bool has_group = false;
  std::vector<std::string> in_use;
};
IommuGroup iommu_group(const std::string& pci, const PciBus& bus = {});

}  // namespace pktbench::sys
