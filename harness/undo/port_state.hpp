// All of a network port that a measurement may change, as it was: where the port is, which driver
// has it, link flags, settings, sysctls, addresses and routes. Giving it back sets what differs, so
// that it is idempotent and undoes any part of a change.
//
// Not kept: multipath routes and routes by nexthop objects, neighbours, multicast memberships,
// queueing disciplines.
//
// Threads: one. Errors: what is not as it was afterwards, each by name.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/result.hpp"

namespace pktbench::undo {

struct PortState {
  std::string name;
  unsigned ifindex = 0;
  std::uint64_t netns = 0;  // number of the namespace it belongs to
  std::string away;         // path of the namespace it may be moved to; empty: none
  std::string pci;          // empty: on no PCI bus
  std::string driver;       // the PCI function's
  bool override = false;    // that driver was forced on it
  unsigned flags = 0;       // IFF_UP, IFF_PROMISC, IFF_ALLMULTI
  std::map<std::string, std::string> settings;  // harness/undo/device_setting.hpp
  std::map<std::string, std::string> sysctls;   // "ipv4/rp_filter", of /proc/sys/net/*/conf/NAME
  std::vector<std::string> messages;            // harness/sys/port_messages.hpp
};

// In the calling thread's namespace.
Result<PortState> read_port_state(const std::string& name);

// The journal's form (kind "port").
std::string to_text(const PortState& state);
Result<PortState> port_state_from(const std::string& text);

// Gives the port back: to its driver, into its namespace, under its name, with all of `state`;
// then compares. Succeeds where its namespace has gone, and where a port that is on no PCI bus has.
Result<void> give_port_back(const PortState& state);

// The first interface of the PCI function in the calling thread's namespace; nothing: it has none.
std::optional<std::string> find_netdev(const std::string& pci);

// The PCI function's interface in the calling thread's namespace, waiting for its driver to make
// one.
Result<std::string> wait_for_netdev(const std::string& pci);

// What of `state` the port named in it has not, in the calling thread's namespace: one sentence
// each.
Result<std::vector<std::string>> differences(const PortState& state);

}  // namespace pktbench::undo
