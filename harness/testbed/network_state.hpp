// What this host's network carries that must not be cut: evidence asked of the kernel, in the
// calling thread's network namespace, for the safety check of a port.
//
// Threads: values, no sharing. Errors: none; what cannot be asked is recorded, and counts against
// every port.
#pragma once

#include <string>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/host/host_facts.hpp"
#include "harness/sys/rtnl_dump.hpp"

namespace pktbench {

struct NetDevice : sys::Device {
  std::string pci;  // "0000:01:00.0"; empty: on no PCI bus
  std::string
      physical_function;  // of a virtual function: the PCI address of the port it is part of
};

// Something that stops working when the device does.
struct NetworkUse {
  unsigned ifindex = 0;
  std::string what;  // "the default route (IPv4, table main)"
  bool operator==(const NetworkUse&) const = default;
};

struct NetworkState {
  std::vector<NetDevice> devices;
  std::vector<NetworkUse> uses;
  std::vector<std::string> unknown;  // one sentence each: what could not be asked, and why
};

NetworkState gather_network_state(const HostSources& sources = {});

// The parts of it that need no kernel.

// Default routes, and the halves and thirds of the address space that tunnels lay over them
// (0.0.0.0/1, 2000::/3).
std::vector<NetworkUse> default_routes(const std::vector<sys::Route>& routes,
                                       const std::vector<sys::Nexthop>& nexthops);

// An address that the host talks to or is reached by, and why it matters.
struct Endpoint {
  std::string what;    // "the SSH session from 192.0.2.1"
  std::string remote;  // as text; empty: not known
  std::string local;   // the host's own; empty: not known
  std::string device;  // its name, where that is what is known
};

// Both add to `unknown` what there is but cannot be told: another user's sshd, a root on the
// network without an address.
std::vector<Endpoint> ssh_endpoints(const std::string& procfs, std::vector<std::string>& unknown);

// Where the root or any other mounted file system comes over the network: NFS, iSCSI.
std::vector<Endpoint> storage_endpoints(const std::string& procfs, const std::string& sysfs,
                                        std::vector<std::string>& unknown);

}  // namespace pktbench
