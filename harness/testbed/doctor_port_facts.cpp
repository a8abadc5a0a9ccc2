#include <glob.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/sys/file.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/testbed/doctor_facts.hpp"

namespace pktbench {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

Result<int> read_int(const std::string& path) {
  auto text = sys::read_file(path);
  if (!text) return text.error();
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size())
    return make_error(ErrorCode::failed, path + " holds no number: \"" + *text + "\"");
  return value;
}

Result<PcieLink> pcie_link(const std::string& function) {
  PcieLink link;
  for (auto [name, where] : {std::pair("current_link_speed", &link.speed),
                             std::pair("max_link_speed", &link.max_speed)}) {
    auto text = sys::read_file(function + "/" + name);
    if (!text) return text.error();
    *where = *text;
  }
  for (auto [name, where] : {std::pair("current_link_width", &link.width),
                             std::pair("max_link_width", &link.max_width)}) {
    auto lanes = read_int(function + "/" + name);
    if (!lanes) return lanes.error();
    *where = *lanes;
  }
  return link;
}

Result<std::map<int, std::vector<int>>> irqs_of(const std::string& function,
                                                const DoctorSources& sources) {
  std::map<int, std::vector<int>> found;
  std::error_code ec;
  fs::directory_iterator it(function + "/msi_irqs", ec);
  if (ec)
    return make_error(ErrorCode::unsupported, "list " + function + "/msi_irqs: " + ec.message());
  for (const fs::directory_iterator end; !ec && it != end; it.increment(ec)) {
    const std::string irq = it->path().filename();
    const auto text = sys::read_file(sources.procfs + "/irq/" + irq + "/smp_affinity_list");
    if (!text) return text.error();
    auto cpus = sys::parse_cpus(*text);
    if (!cpus) return cpus.error();
    found[std::atoi(irq.c_str())] = *cpus;
  }
  return found;
}

// Where the port sits: PCIe, NUMA, interrupts, and who in DPDK knows its chip.
void read_function(const DoctorSources& sources, PortFacts& facts) {
  if (facts.pci.empty()) {
    const Error none = make_error(ErrorCode::unsupported, facts.name + " is on no PCI bus");
    facts.pcie = none;
    facts.numa_node = none;
    facts.node_cpus = none;
    facts.irqs = none;
    facts.dpdk_drivers = none;
    return;
  }
  const std::string function = sources.sysfs + "/bus/pci/devices/" + facts.pci;
  facts.pcie = pcie_link(function);
  facts.numa_node = read_int(function + "/numa_node");
  const auto cpus = sys::read_file(function + "/local_cpulist");
  facts.node_cpus = cpus ? sys::parse_cpus(*cpus) : Result<std::vector<int>>(cpus.error());
  facts.irqs = irqs_of(function, sources);
  facts.dpdk_drivers = dpdk_drivers_of(facts.pci, sources);
  std::error_code ec;
  if (facts.driver.empty()) facts.driver = fs::read_symlink(function + "/driver", ec).filename();
}

void read_device(const sys::Device& device, PortFacts& facts) {
  facts.mtu = device.mtu;
  facts.up = device.up;
  facts.xdp = device.xdp;
  const auto link = sys::get_link(device.name);
  facts.carrier = link ? Result<bool>(link->carrier) : Result<bool>(link.error());
  facts.speed = sys::get_link_speed(device.name);
  facts.queues = sys::get_rx_queues(device.name);
  facts.rings = sys::get_rings(device.name);
  facts.pause = sys::get_pause(device.name);
  facts.lro = sys::get_offload(device.name, sys::Offload::lro);
  facts.xdp_features = sys::xdp_features(device.ifindex);
  if (const auto driver = sys::driver_info(device.name)) facts.driver = driver->driver;
}

// [[vendor, device, subsystem vendor, subsystem device], …], each 0xffff for any.
bool claims(const json& info, const std::vector<int>& ids) {
  constexpr int kAny = 0xffff;
  if (!info.contains("pci_ids") || !info["pci_ids"].is_array()) return false;
  for (const json& entry : info["pci_ids"]) {
    if (!entry.is_array() || entry.size() != ids.size()) continue;
    bool all = true;
    for (std::size_t i = 0; i < ids.size(); ++i)
      all = all && entry[i].is_number_integer() &&
            (entry[i].get<int>() == kAny || entry[i].get<int>() == ids[i]);
    if (all) return true;
  }
  return false;
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
                                                 const DoctorSources& sources) {
  std::vector<int> ids;
  for (const char* name : {"vendor", "device", "subsystem_vendor", "subsystem_device"}) {
    const auto text =
        sys::read_file(sources.sysfs + "/bus/pci/devices/" + pci + "/" + std::string(name));
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

Result<std::vector<std::string>> list_ports() {
  const auto devices = sys::list_devices();
  if (!devices) return devices.error();
  std::vector<std::string> names;
  for (const sys::Device& device : *devices)
    if (!device.loopback) names.push_back(device.name);
  return names;
}

Result<PortFacts> gather_port_facts(const std::string& port, const SafetyPolicy& policy,
                                    const DoctorSources& sources) {
  const NetworkState state = gather_network_state({sources.procfs, sources.sysfs, true});
  const std::string pci = full_pci_address(port);
  const auto found =
      std::find_if(state.devices.begin(), state.devices.end(), [&](const NetDevice& device) {
        return device.name == port || (!pci.empty() && device.pci == pci);
      });
  PortFacts facts;
  facts.pci = pci;
  std::error_code ec;
  if (found != state.devices.end()) {
    facts.name = found->name;
    facts.pci = found->pci;
    read_device(*found, facts);
  } else if (pci.empty() || !fs::exists(sources.sysfs + "/bus/pci/devices/" + pci, ec)) {
    return make_error(ErrorCode::invalid_input, "there is no port \"" + port + "\"");
  }
  read_function(sources, facts);
  facts.safety = check_port_safety(facts.name.empty() ? pci : facts.name, policy,
                                   {sources.procfs, sources.sysfs, true});
  return facts;
}

}  // namespace pktbench
