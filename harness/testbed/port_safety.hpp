// May a port be used for measurements, which takes it down, rebinds it and replaces its programs?
// Refused is whatever would cut the host off: the default route, an SSH session, a root or disk on
// the network, on the port itself or on anything stacked above it (bridge, bond, team, VLAN,
// macvlan, VRF, tunnel, its virtual functions, the other end of its veth pair).
//
// Only the calling thread's network namespace is seen: what another namespace has stacked on the
// port is not.
//
// Threads: values, no sharing. Errors: none; what cannot be asked is a refusal with the reason.
#pragma once

#include <string>
#include <vector>

#include "harness/testbed/network_state.hpp"

namespace pktbench {

struct SafetyPolicy {
  // PCI addresses that may be used; empty: no such limit. Being on it waives nothing else.
  std::vector<std::string> allowed_pci;
  // Waives everything but a foreign XDP program; must repeat the interface's name.
  std::string i_know_this_is;
};

struct SafetyVerdict {
  bool allowed = false;
  std::vector<std::string> interfaces;  // those of the port; several can share a PCI function
  std::vector<std::string> reasons;     // one sentence each; of a refusal, never empty
  std::vector<std::string> waived;      // reasons that the policy's override passed over
};

// `port`: an interface's name or a PCI address ("0000:01:00.0" or "01:00.0").
SafetyVerdict check_port_safety(const std::string& port, const SafetyPolicy& policy = {},
                                const HostSources& sources = {});

// The same from evidence at hand. For a PCI function without an interface see check_port_safety.
SafetyVerdict judge_port(const std::string& port, const SafetyPolicy& policy,
                         const NetworkState& state);

// "0000:01:00.0" of "01:00.0" or "0000:01:00.0"; empty: no PCI address.
std::string full_pci_address(const std::string& text);

}  // namespace pktbench
