// What `pktbench doctor` looks at, gathered in one place so that every check is a pure function of
// it.
//
// Threads: values, no sharing. Errors: each value carries its own; what could not be read is never
// taken for good.
#pragma once

#include <string>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/host/host_facts.hpp"
#include "harness/host/port_facts.hpp"
#include "harness/testbed/port_safety.hpp"

namespace pktbench {

struct PortFacts : DeviceFacts, FunctionFacts {
  std::string name;    // empty: the PCI function has no interface here
  std::string pci;     // empty: on no PCI bus
  std::string driver;  // empty: not known
  unsigned mtu = 0;
  bool up = false;
  Result<bool> carrier = not_asked();
  std::vector<sys::XdpAttachment> xdp;
  SafetyVerdict safety;
};

// `port`: an interface's name or a PCI address. Errors: `invalid_input` where there is none such.
Result<PortFacts> gather_port_facts(const std::string& port, const SafetyPolicy& policy,
                                    const HostSources& sources = {});

// Every interface that could be a port: all but the loopback.
Result<std::vector<std::string>> list_ports();

}  // namespace pktbench
