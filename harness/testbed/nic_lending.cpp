#include "harness/testbed/nic_lending.hpp"

#include <fmt/ranges.h>
#include <net/if.h>

#include <algorithm>
#include <array>

#include "harness/host/driver_facts.hpp"
#include "harness/host/port_facts.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/pci_driver.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::testbed {

namespace {

constexpr const char* kVfio = "vfio-pci";
constexpr const char* kNoIommu = "vfio-pci-noiommu";
constexpr const char* kNoIommuSwitch = "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode";
constexpr std::array<const char*, 3> kBifurcated = {"mlx4_core", "mlx5_core", "mana"};

// DPDK's own knowledge of the chip, before anything is taken from the kernel.
Result<void> has_dpdk_driver(const std::string& pci, const std::string& kernel_driver) {
  const auto drivers = dpdk_drivers_of(pci, {});
  if (!drivers) return drivers.error();
  if (!drivers->empty()) return {};
  const std::string id = sys::pci_id(pci);
  const std::string release = dpdk_release_with(id);
  return make_error(ErrorCode::unsupported,
                    "this DPDK has no driver for {} ({}, the kernel's driver is {}){}; the best "
                    "that DPDK can do with it is driver net_af_packet",
                    pci, id, kernel_driver, release.empty() ? "" : "; " + release);
}

Result<void> allow_no_iommu(undo::Journal& journal) {
  const auto now = sys::read_file(kNoIommuSwitch);
  if (!now)
    return make_error(ErrorCode::unsupported,
                      "this kernel has no vfio without IOMMU (CONFIG_VFIO_NOIOMMU): {}",
                      now.error().message);
  return undo::require(undo::kernel_file(kNoIommuSwitch), "Y", &journal);
}

Result<void> check_iommu(const std::string& pci) {
  const sys::IommuGroup group = sys::iommu_group(pci);
  if (!group.has_group)
    // Debian's kernels cannot do without it.
    return make_error(ErrorCode::unsupported,
                      "{} is behind no IOMMU, which vfio-pci needs: switch it on, or set "
                      "/testbed/dpdk_driver to uio_pci_generic{}",
                      pci, sys::read_file(kNoIommuSwitch) ? " or vfio-pci-noiommu" : "");
  if (group.in_use.empty()) return {};
  return make_error(ErrorCode::unsupported,
                    "{} shares its IOMMU group with {}, and vfio-pci takes a group as a whole", pci,
                    fmt::join(group.in_use, ", "));
}

}  // namespace

bool is_bifurcated(const std::string& kernel_driver) {
  return std::find(kBifurcated.begin(), kBifurcated.end(), kernel_driver) != kBifurcated.end();
}

Result<void> lend_port(const undo::PortState& state, const std::string& kernel_driver,
                       const std::string& dpdk_driver, undo::Journal& journal) {
  if (auto r = has_dpdk_driver(state.pci, kernel_driver); !r) return r;
  if (is_bifurcated(kernel_driver)) return {};
  // A device that a driver makes appears in the first namespace, whoever asked for the driver.
  if (sys::netns_number("/proc/1/ns/net") != sys::netns_number())
    return make_error(ErrorCode::unsupported,
                      "a port is given to DPDK and back only from the host's own network "
                      "namespace, where its driver makes its interface");
  if (dpdk_driver == kNoIommu) {
    if (auto r = allow_no_iommu(journal); !r) return r;
  } else if (dpdk_driver == kVfio) {
    if (auto r = check_iommu(state.pci); !r) return r;
  }
  return sys::bind_pci(state.pci, dpdk_driver == kNoIommu ? kVfio : dpdk_driver, true);
}

Result<void> take_port_back(const undo::PortState& state) {
  if (auto r = sys::bind_pci(state.pci, state.driver, state.override); !r) return r;
  auto name = undo::wait_for_netdev(state.pci);
  if (!name) return name.error();
  auto link = sys::get_link(*name);
  if (!link) return link.error();
  if (auto r = sys::set_link_flags(link->ifindex, 0, IFF_UP); !r) return r;
  if (*name == state.name) return {};
  return sys::rename_link(link->ifindex, state.name);
}

}  // namespace pktbench::testbed
