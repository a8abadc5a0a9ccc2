#include "harness/testbed/doctor_facts.hpp"

#include <algorithm>

#include "harness/sys/pci_driver.hpp"

namespace pktbench {

Result<std::vector<std::string>> list_ports() {
  const auto devices = sys::list_devices();
  if (!devices) return devices.error();
  std::vector<std::string> names;
  for (const sys::Device& device : *devices)
    if (!device.loopback) names.push_back(device.name);
  return names;
}

Result<PortFacts> gather_port_facts(const std::string& port, const SafetyPolicy& policy,
                                    const HostSources& sources) {
  const NetworkState state = gather_network_state(sources);
  const std::string pci = full_pci_address(port);
  const auto found =
      std::find_if(state.devices.begin(), state.devices.end(), [&](const NetDevice& device) {
        return device.name == port || (!pci.empty() && device.pci == pci);
      });
  PortFacts facts;
  facts.pci = pci;
  const sys::PciBus bus{sources.sysfs};
  if (found != state.devices.end()) {
    static_cast<DeviceFacts&>(facts) = gather_device_facts(found->name);
    facts.name = found->name;
    facts.pci = found->pci;
    facts.mtu = found->mtu;
    facts.up = found->up;
    facts.xdp = found->xdp;
    facts.carrier =
        facts.link ? Result<bool>(facts.link->carrier) : Result<bool>(facts.link.error());
    if (facts.driver_info) facts.driver = facts.driver_info->driver;
  } else if (pci.empty() || sys::pci_id(pci, bus).empty()) {
    return make_error(ErrorCode::invalid_input, "there is no port \"" + port + "\"");
  }
  const Error none = make_error(ErrorCode::unsupported, facts.name + " is on no PCI bus");
  static_cast<FunctionFacts&>(facts) = facts.pci.empty()
                                           ? FunctionFacts{none, none, none, none, none}
                                           : gather_function_facts(facts.pci, sources);
  if (facts.driver.empty() && !facts.pci.empty()) facts.driver = sys::pci_driver(facts.pci, bus);
  facts.safety = check_port_safety(facts.name.empty() ? pci : facts.name, policy, sources);
  return facts;
}

}  // namespace pktbench
