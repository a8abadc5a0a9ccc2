#include "harness/sys/pci_driver.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "harness/sys/ethtool.hpp"
#include "harness/sys/file.hpp"

namespace pktbench::sys {

namespace fs = std::filesystem;

std::string pci_of(const std::string& device, const PciBus& bus) {
  // A driver without a bus says "", "N/A", "tap"; virtio and others name the PCI function.
  const auto driver = driver_info(device);
  std::error_code ec;
  return driver && !driver->bus.empty() && fs::exists(pci_folder(driver->bus, bus), ec)
             ? driver->bus
             : std::string();
}

std::set<int> pci_interrupts(const std::string& pci, const PciBus& bus) {
  std::set<int> interrupts;
  for (const fs::path& irq : entries_of(pci_folder(pci, bus) + "/msi_irqs"))
    interrupts.insert(std::atoi(irq.filename().c_str()));
  if (const auto line = read_number(pci_folder(pci, bus) + "/irq");
      interrupts.empty() && line && *line > 0)
    interrupts.insert(static_cast<int>(*line));
  return interrupts;
}

std::string interrupt_name(int irq, const PciBus& bus) {
  const auto names = read_file(fmt::format("{}/kernel/irq/{}/actions", bus.sysfs, irq));
  return names ? *names : "";
}

std::string pci_driver(const std::string& pci, const PciBus& bus) {
  std::error_code none;
  return fs::read_symlink(pci_folder(pci, bus) + "/driver", none).filename();
}

std::string forced_driver(const std::string& pci, const PciBus& bus) {
  const auto text = read_file(pci_folder(pci, bus) + "/driver_override");
  return text && *text != "(null)" ? *text : std::string();
}

std::string pci_id(const std::string& pci, const PciBus& bus) {
  std::string id;
  for (const char* name : {"vendor", "device"}) {
    const auto text = read_file(pci_folder(pci, bus) + "/" + name);
    if (!text) return {};
    id += (id.empty() ? "" : ":") + (text->starts_with("0x") ? text->substr(2) : *text);
  }
  return id;
}

Result<void> bind_pci(const std::string& pci, const std::string& driver, bool override,
                      const PciBus& bus) {
  const std::string function = pci_folder(pci, bus);
  std::error_code ec;
  if (!fs::exists(function, ec))
    return make_error(ErrorCode::failed, "there is no PCI device " + pci);
  const std::string folder = bus.sysfs + "/bus/pci/drivers/" + driver;
  if (!fs::exists(folder, ec))
    return make_error(ErrorCode::unsupported,
                      "the kernel's driver " + driver + " is not loaded: modprobe " + driver);
  // The kernel takes a line feed for "none".
  if (auto r = bus.write(function + "/driver_override", override ? driver : "\n"); !r) return r;
  const std::string now = pci_driver(pci, bus);
  if (now == driver) return {};
  if (!now.empty())
    if (auto r = bus.write(bus.sysfs + "/bus/pci/drivers/" + now + "/unbind", pci); !r) return r;
  auto probed = bus.write(bus.sysfs + "/bus/pci/drivers_probe", pci);
  if (pci_driver(pci, bus).empty() && !override) {
    // No driver chose it by itself; the one that had it may have been told to.
    if (auto bound = bus.write(folder + "/bind", pci); !bound) return bound;
  }
  const std::string after = pci_driver(pci, bus);
  if (after == driver) return {};
  if (!probed) return probed;
  return make_error(ErrorCode::failed,
                    "{} did not come to driver {}: {} has it; the kernel log says why "
                    "(dmesg)",
                    pci, driver, after.empty() ? "no driver" : after);
}

IommuGroup iommu_group(const std::string& pci, const PciBus& bus) {
  IommuGroup group;
  for (const fs::path& device : entries_of(pci_folder(pci, bus) + "/iommu_group/devices")) {
    group.has_group = true;
    const std::string other = device.filename();
    const std::string driver = pci_driver(other, bus);
    // A bridge's driver does no DMA of its own.
    if (other != pci && !driver.empty() && driver != "pcieport" && driver != "vfio-pci" &&
        driver != "pci-stub")
      group.in_use.push_back(fmt::format("{} ({})", other, driver));
  }
  return group;
}

}  // namespace pktbench::sys
