#include "harness/host/port_facts.hpp"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/sys/file.hpp"
#include "harness/sys/pci_driver.hpp"
#include "harness/sys/rss.hpp"

namespace pktbench {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

Result<PcieLink> pcie_link(const std::string& function) {
  PcieLink link;
  for (auto [name, where] : {std::pair("current_link_speed", &link.speed),
                             std::pair("max_link_speed", &link.max_speed)}) {
    if (auto r = sys::read_file(function + "/" + name).into(*where); !r) return r.error();
  }
  for (auto [name, where] : {std::pair("current_link_width", &link.width),
                             std::pair("max_link_width", &link.max_width)}) {
    if (auto r = sys::read_number(function + "/" + name).into(*where); !r) return r.error();
  }
  return link;
}

// A state that the link or the kernel does not have has no file.
Result<std::vector<std::string>> link_sleeps(const std::string& function) {
  std::vector<std::string> on;
  bool told = false;
  for (const char* state :
       {"l0s_aspm", "l1_aspm", "l1_1_aspm", "l1_2_aspm", "l1_1_pcipm", "l1_2_pcipm"}) {
    const std::string file = function + "/link/" + state;
    const auto may = sys::read_number(file);
    told |= may.ok();
    if (may && *may != 0) on.push_back(file);
  }
  if (!told)
    return make_error(ErrorCode::unsupported,
                      "the kernel manages no sleep of this PCIe link: no {}/link", function);
  return on;
}

Result<std::map<int, std::vector<int>>> irqs_of(const std::string& pci,
                                                const HostSources& sources) {
  std::map<int, std::vector<int>> found;
  for (const int irq : sys::pci_interrupts(pci, {sources.sysfs})) {
    auto cpus = read_cpus(fmt::format("{}/irq/{}/smp_affinity_list", sources.procfs, irq));
    if (!cpus) return cpus.error();
    found[irq] = std::move(*cpus);
  }
  return found;
}

// [[vendor, device, subsystem vendor, subsystem device], …], each 0xffff for any.
bool claims(const json& info, const std::vector<int>& ids) {
  const auto same = [](const json& theirs, int ours) { return theirs == 0xffff || theirs == ours; };
  const auto is_it = [&](const json& entry) {
    return entry.is_array() && std::equal(entry.begin(), entry.end(), ids.begin(), ids.end(), same);
  };
  if (!info.contains("pci_ids") || !info["pci_ids"].is_array()) return false;
  return std::any_of(info["pci_ids"].begin(), info["pci_ids"].end(), is_it);
}

// Each driver in a plugin declares itself: PMD_INFO_STRING= {"name" : …, "pci_ids" : …}.
void find_drivers(const std::string& plugin, const std::vector<int>& ids,
                  std::vector<std::string>& found) {
  constexpr std::string_view kMark = "PMD_INFO_STRING= ";
  const auto text = sys::read_file(plugin);
  if (!text) return;
  for (auto at = text->find(kMark); at != std::string::npos; at = text->find(kMark, at + 1)) {
    const json info = json::parse(text->c_str() + at + kMark.size(), nullptr, false);
    if (info.is_object() && info.contains("name") && info["name"].is_string() && claims(info, ids))
      found.push_back(info["name"]);
  }
}

std::vector<std::string> matches(const std::string& pattern) {
  glob_t paths{};
  std::vector<std::string> found;
  if (glob(pattern.c_str(), 0, nullptr, &paths) == 0)
    for (std::size_t i = 0; i < paths.gl_pathc; ++i) found.emplace_back(paths.gl_pathv[i]);
  globfree(&paths);
  return found;
}

}  // namespace

Result<std::vector<std::string>> dpdk_drivers_of(const std::string& pci,
                                                 const HostSources& sources) {
  std::vector<int> ids;
  for (const char* name : {"vendor", "device", "subsystem_vendor", "subsystem_device"}) {
    const auto text = sys::read_file(sys::pci_folder(pci, {sources.sysfs}) + "/" + name);
    if (!text) return text.error();
    ids.push_back(static_cast<int>(std::strtol(text->c_str(), nullptr, 16)));
  }
  for (const std::string& pattern : sources.dpdk_drivers) {
    const auto plugins = matches(pattern + "/librte_net_*.so");
    if (plugins.empty()) continue;
    std::vector<std::string> found;
    for (const std::string& plugin : plugins) find_drivers(plugin, ids, found);
    return found;
  }
  return make_error(ErrorCode::unsupported, "no driver plugins of DPDK are installed");
}

Result<long> numa_node_of(const std::string& pci, const HostSources& sources) {
  return sys::read_number(sys::pci_folder(pci, {sources.sysfs}) + "/numa_node");
}

Result<PcieLink> pcie_link_of(const std::string& pci, const HostSources& sources) {
  return pcie_link(sys::pci_folder(pci, {sources.sysfs}));
}

Result<std::vector<int>> cpus_near(const std::string& pci, const HostSources& sources) {
  return read_cpus(sys::pci_folder(pci, {sources.sysfs}) + "/local_cpulist");
}

DeviceFacts gather_device_facts(const std::string& name) {
  DeviceFacts facts;
  facts.link = sys::get_link(name);
  facts.driver_info = sys::driver_info(name);
  facts.speed = sys::get_link_speed(name);
  facts.queues = sys::get_channels(name);
  facts.rings = sys::get_rings(name);
  facts.pause = sys::get_pause(name);
  facts.coalescing = sys::get_coalescing(name);
  facts.udp4_hash = sys::get_udp_hash(name, 4);
  facts.lro = sys::get_offload(name, sys::Offload::lro);
  facts.eee = sys::get_eee(name);
  facts.wake_on_lan = sys::get_wake_on_lan(name);
  facts.time_stamping = sys::time_stamping(name);
  facts.offloads = sys::get_offloads(name);
  if (facts.link) facts.xdp_features = sys::xdp_features(facts.link->ifindex);
  return facts;
}

FunctionFacts gather_function_facts(const std::string& pci, const HostSources& sources) {
  FunctionFacts facts;
  facts.pci_id = sys::pci_id(pci, {sources.sysfs});
  facts.pcie = pcie_link_of(pci, sources);
  facts.numa_node = numa_node_of(pci, sources);
  facts.node_cpus = cpus_near(pci, sources);
  facts.irqs = irqs_of(pci, sources);
  facts.link_sleeps = link_sleeps(sys::pci_folder(pci, {sources.sysfs}));
  facts.dpdk_drivers = dpdk_drivers_of(pci, sources);
  return facts;
}

}  // namespace pktbench
