#include "harness/testbed/network_state.hpp"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "harness/sys/file.hpp"
#include "harness/sys/pci_driver.hpp"
#include "harness/sys/xdp_links.hpp"

namespace pktbench {

namespace fs = std::filesystem;

namespace {

void add_devices(const HostSources& sources, NetworkState& state) {
  auto devices = sys::list_devices();
  if (!devices) {
    state.unknown.push_back("what this host's devices are: " + devices.error().message);
    return;
  }
  for (sys::Device& found : *devices) {
    sys::find_xdp_links(found);
    NetDevice device{std::move(found), "", ""};
    device.pci = sys::pci_of(device.name, {sources.sysfs});
    std::error_code ec;
    if (const std::string function = sys::pci_folder(device.pci, {sources.sysfs});
        !device.pci.empty())
      device.physical_function = fs::read_symlink(function + "/physfn", ec).filename();
    state.devices.push_back(std::move(device));
  }
  // The kernel's own links say of some stacked devices what rtnetlink does not.
  for (NetDevice& device : state.devices) {
    for (const fs::path& path : sys::entries_of(sources.sysfs + "/class/net/" + device.name)) {
      const std::string entry = path.filename();
      if (!entry.starts_with("lower_")) continue;
      for (const NetDevice& other : state.devices)
        if (other.name == entry.substr(6)) device.lower.push_back(other.ifindex);
    }
  }
}

// A tunnel rests on the device through which its far end is reached.
void add_tunnel_routes(NetworkState& state) {
  for (NetDevice& device : state.devices)
    for (const sys::IpAddress& end : device.tunnel_ends) {
      const auto under = sys::route_to(end);
      if (!under)
        state.unknown.push_back("what carries the tunnel " + device.name + ": " +
                                under.error().message);
      else if (*under != 0 && *under != device.ifindex)
        device.lower.push_back(*under);
    }
}

void add_default_routes(NetworkState& state) {
  std::vector<sys::Route> routes;
  for (const int family : {AF_INET, AF_INET6}) {
    auto found = sys::list_routes(family);
    if (found)
      routes.insert(routes.end(), found->begin(), found->end());
    else
      state.unknown.push_back("where the default route leads: " + found.error().message);
  }
  auto nexthops = sys::list_nexthops();
  if (!nexthops)
    state.unknown.push_back("where the default route leads: " + nexthops.error().message);
  const auto uses = default_routes(routes, nexthops ? *nexthops : std::vector<sys::Nexthop>());
  state.uses.insert(state.uses.end(), uses.begin(), uses.end());
}

// "eth0" of "fe80::1%eth0".
std::string scope_of(const std::string& address) {
  const auto at = address.find('%');
  return at == std::string::npos ? "" : address.substr(at + 1);
}

void add_endpoint(const Endpoint& end, const std::vector<sys::InterfaceAddress>& addresses,
                  NetworkState& state) {
  const auto use = [&](unsigned ifindex) {
    const NetworkUse found{ifindex, end.what};
    if (std::find(state.uses.begin(), state.uses.end(), found) == state.uses.end())
      state.uses.push_back(found);
  };
  for (const std::string& name : {scope_of(end.local), scope_of(end.remote), end.device})
    for (const NetDevice& device : state.devices)
      if (!name.empty() && device.name == name) use(device.ifindex);
  // Policy rules may look at the sender's address: both answers count.
  std::vector<std::optional<sys::IpAddress>> senders(1);
  if (const auto local = sys::parse_address(end.local)) {
    senders.push_back(local);
    for (const sys::InterfaceAddress& own : addresses)
      if (own.address == *local) use(own.ifindex);
  }
  const auto remote = sys::parse_address(end.remote);
  if (!remote) return;
  for (const auto& sender : senders) {
    const auto device = sys::route_to(*remote, sender);
    if (!device)
      state.unknown.push_back("which port carries " + end.what + ": " + device.error().message);
    else if (*device != 0)
      use(*device);
  }
}

}  // namespace

std::vector<NetworkUse> default_routes(const std::vector<sys::Route>& routes,
                                       const std::vector<sys::Nexthop>& nexthops) {
  std::map<std::uint32_t, sys::Nexthop> by_id;
  for (const sys::Nexthop& nexthop : nexthops) by_id[nexthop.id] = nexthop;
  const auto add = [&](std::uint32_t id, std::set<unsigned>& ifindexes) {
    if (by_id.contains(id) && by_id[id].ifindex != 0) ifindexes.insert(by_id[id].ifindex);
  };
  std::vector<NetworkUse> uses;
  for (const sys::Route& route : routes) {
    // IPv4 in halves; IPv6 also as 2000::/3, all that is in use.
    const bool ipv4 = route.family == AF_INET;
    if (!route.unicast || route.prefix_length > (ipv4 ? 1u : 3u)) continue;
    std::set<unsigned> ifindexes(route.ifindexes.begin(), route.ifindexes.end());
    add(route.nexthop_id, ifindexes);
    // A group's members are no groups.
    for (const std::uint32_t member : by_id[route.nexthop_id].group) add(member, ifindexes);
    const std::string table = route.table == RT_TABLE_MAIN      ? "main"
                              : route.table == RT_TABLE_DEFAULT ? "default"
                                                                : fmt::to_string(route.table);
    const std::string what =
        fmt::format("the default route ({}, table {})", ipv4 ? "IPv4" : "IPv6", table);
    for (const unsigned ifindex : ifindexes)
      if (std::find(uses.begin(), uses.end(), NetworkUse{ifindex, what}) == uses.end())
        uses.push_back({ifindex, what});
  }
  return uses;
}

NetworkState gather_network_state(const HostSources& sources) {
  NetworkState state;
  add_devices(sources, state);
  add_tunnel_routes(state);
  add_default_routes(state);
  std::vector<sys::InterfaceAddress> addresses;
  if (auto r = sys::list_addresses().into(addresses); !r)
    state.unknown.push_back("which device has which address: " + r.error().message);
  std::vector<Endpoint> ends;
  if (sources.ssh) ends = ssh_endpoints(sources.procfs, state.unknown);
  const auto storage = storage_endpoints(sources.procfs, sources.sysfs, state.unknown);
  ends.insert(ends.end(), storage.begin(), storage.end());
  for (const Endpoint& end : ends) add_endpoint(end, addresses, state);
  return state;
}

}  // namespace pktbench
