#include "harness/testbed/port_safety.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>

#include "harness/sys/file.hpp"
#include "harness/sys/pci_driver.hpp"
#include "harness/sys/xdp_links.hpp"

namespace pktbench {

namespace fs = std::filesystem;

namespace {

constexpr const char* kThrough = " through ";

// Does `upper` stop working when `lower` does?
bool rests_on(const NetDevice& upper, const NetDevice& lower) {
  return std::count(upper.lower.begin(), upper.lower.end(), lower.ifindex) > 0 ||
         lower.master == upper.ifindex ||
         (!lower.pci.empty() && upper.physical_function == lower.pci);
}

std::string with_kind(const NetDevice& device) {
  if (!device.physical_function.empty()) return device.name + " (virtual function)";
  return device.kind.empty() ? device.name : device.name + " (" + device.kind + ")";
}

// The devices that rest on `bottom`, itself among them: each with the way up to it, " through br0
// (bridge) over vlan5 (vlan)"; of the device itself that is empty.
std::map<unsigned, std::string> all_above(const NetDevice& bottom, const NetworkState& state) {
  std::map<unsigned, std::string> ways{{bottom.ifindex, ""}};
  std::vector<const NetDevice*> next{&bottom};
  for (std::size_t i = 0; i < next.size(); ++i) {
    const std::string below = ways[next[i]->ifindex];
    for (const NetDevice& upper : state.devices) {
      if (ways.contains(upper.ifindex) || !rests_on(upper, *next[i])) continue;
      ways[upper.ifindex] =
          fmt::format("{}{}{}", kThrough, with_kind(upper),
                      below.empty() ? "" : " over " + below.substr(std::string(kThrough).size()));
      next.push_back(&upper);
    }
  }
  return ways;
}

void judge_device(const NetDevice& device, const NetworkState& state,
                  std::vector<std::string>& reasons) {
  if (device.loopback) reasons.push_back(device.name + " is the loopback device, no port");
  const auto ways = all_above(device, state);
  for (const NetworkUse& use : state.uses)
    if (const auto way = ways.find(use.ifindex); way != ways.end())
      reasons.push_back(device.name + " carries " + use.what + way->second);
}

// What is not of the port's own, and what the allow-list says. `port`: its name, or its address
// where it has no interface.
std::vector<std::string> general_reasons(const std::string& port, const std::string& pci,
                                         const SafetyPolicy& policy, const NetworkState& state) {
  std::vector<std::string> reasons;
  for (const std::string& what : state.unknown) reasons.push_back("it cannot be told " + what);
  const auto& allowed = policy.allowed_pci;
  const auto is_it = [&](const std::string& entry) { return full_pci_address(entry) == pci; };
  if (!allowed.empty() && pci.empty())
    reasons.push_back(port + " has no PCI address, and only ports on the allow-list may be used");
  else if (!allowed.empty() && std::none_of(allowed.begin(), allowed.end(), is_it))
    reasons.push_back((port == pci ? pci : fmt::format("{} ({})", port, pci)) +
                      " is not on the allow-list");
  return reasons;
}

SafetyVerdict conclude(SafetyVerdict verdict, std::vector<std::string> waivable,
                       const SafetyPolicy& policy, const std::string& port) {
  const std::string& said = policy.i_know_this_is;
  if (std::count(verdict.interfaces.begin(), verdict.interfaces.end(), said) > 0) {
    verdict.waived = std::move(waivable);
  } else {
    if (!said.empty())
      verdict.reasons.push_back(
          fmt::format("the override names \"{}\", which is not {}", said, port));
    verdict.reasons.insert(verdict.reasons.end(), waivable.begin(), waivable.end());
  }
  verdict.allowed = verdict.reasons.empty();
  return verdict;
}

// A PCI function that has no interface here: what has it, and may it be had?
std::string judge_without_interface(const std::string& pci, const HostSources& sources) {
  const auto type = sys::read_file(sys::pci_folder(pci, {sources.sysfs}) + "/class");
  if (!type) return "there is no PCI device " + pci + " (" + type.error().message + ")";
  if (!type->starts_with("0x02")) return pci + " is no network device (PCI class " + *type + ")";
  const std::string driver = sys::pci_driver(pci, {sources.sysfs});
  // For user space, or for nobody.
  for (const char* free : {"vfio-pci", "uio_pci_generic", "igb_uio", ""})
    if (driver == free) return {};
  return fmt::format(
      "the driver {} has {}, but no interface of it is in this network namespace; it may be in use "
      "in another",
      driver, pci);
}

}  // namespace

std::string full_pci_address(const std::string& text) {
  static const std::regex kAddress("(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}:[0-9a-f]{2}\\.[0-7])",
                                   std::regex::icase);
  std::smatch match;
  if (!std::regex_match(text, match, kAddress)) return {};
  std::string full = (match[1].matched ? match[1].str() : "0000") + ":" + match[2].str();
  std::transform(full.begin(), full.end(), full.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return full;
}

SafetyVerdict judge_port(const std::string& port, const SafetyPolicy& policy,
                         const NetworkState& state) {
  SafetyVerdict verdict;
  std::string pci = full_pci_address(port);
  for (const NetDevice& device : state.devices)
    if (device.name == port) pci = device.pci;
  std::vector<std::string> waivable;
  for (const NetDevice& device : state.devices) {
    // What is done to a PCI function is done to every interface of it.
    if (device.name != port && (pci.empty() || device.pci != pci)) continue;
    verdict.interfaces.push_back(device.name);
    judge_device(device, state, waivable);
    for (const sys::XdpAttachment& xdp : device.xdp)
      verdict.reasons.push_back(fmt::format(
          "an XDP program that is not pktbench's is attached to {} (id {}, {}{}), and is not "
          "replaced; when nobody needs it: {}",
          device.name, xdp.program_id, xdp.mode, sys::held_by(xdp),
          sys::off_command(device.name, xdp)));
  }
  if (verdict.interfaces.empty()) {
    verdict.reasons.push_back("there is no interface " + port + " in this network namespace");
    return verdict;
  }
  const auto more = general_reasons(port, pci, policy, state);
  waivable.insert(waivable.end(), more.begin(), more.end());
  return conclude(std::move(verdict), std::move(waivable), policy, port);
}

SafetyVerdict check_port_safety(const std::string& port, const SafetyPolicy& policy,
                                const HostSources& sources) {
  const NetworkState state = gather_network_state(sources);
  const std::string pci = full_pci_address(port);
  const bool has_interface =
      std::any_of(state.devices.begin(), state.devices.end(),
                  [&](const NetDevice& device) { return device.pci == pci; });
  if (pci.empty() || has_interface) return judge_port(pci.empty() ? port : pci, policy, state);
  SafetyVerdict verdict;
  verdict.reasons = general_reasons(pci, pci, policy, state);
  if (auto reason = judge_without_interface(pci, sources); !reason.empty())
    verdict.reasons.insert(verdict.reasons.begin(), std::move(reason));
  verdict.allowed = verdict.reasons.empty();
  return verdict;
}

}  // namespace pktbench
