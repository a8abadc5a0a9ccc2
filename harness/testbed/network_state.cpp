#include "harness/testbed/network_state.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "harness/sys/file.hpp"
#include "harness/sys/pci_driver.hpp"
#include "harness/sys/xdp_links.hpp"

namespace pktbench {

namespace fs = std::filesystem;

namespace {

std::string table_name(std::uint32_t table) {
  if (table == 254) return "main";
  if (table == 253) return "default";
  return fmt::format("{}", table);
}

// IPv4 in halves; IPv6 also as 2000::/3, all that is in use.
bool leads_to_everything(const sys::Route& route) {
  return route.prefix_length <= (route.family == AF_INET ? 1u : 3u);
}

void add_nexthop(std::uint32_t id, const std::map<std::uint32_t, sys::Nexthop>& nexthops,
                 std::set<unsigned>& ifindexes) {
  const auto it = nexthops.find(id);
  if (it == nexthops.end()) return;
  if (it->second.ifindex != 0) ifindexes.insert(it->second.ifindex);
  // A group's members are no groups.
  for (const std::uint32_t member : it->second.group)
    if (const auto found = nexthops.find(member);
        found != nexthops.end() && found->second.ifindex != 0)
      ifindexes.insert(found->second.ifindex);
}

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
    const fs::path function = fs::path(sources.sysfs) / "bus/pci/devices" / device.pci;
    if (!device.pci.empty())
      device.physical_function = fs::read_symlink(function / "physfn", ec).filename();
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

class EndpointFinder {
 public:
  explicit EndpointFinder(NetworkState& state) : state_(state) {
    if (auto addresses = sys::list_addresses())
      addresses_ = std::move(*addresses);
    else
      state.unknown.push_back("which device has which address: " + addresses.error().message);
  }

  void add(const Endpoint& end) {
    for (const std::string& text : {end.local, end.remote}) by_scope(text, end.what);
    by_name(end.device, end.what);
    const auto local = sys::parse_address(end.local);
    if (local)
      for (const sys::InterfaceAddress& own : addresses_)
        if (own.address == *local) use(own.ifindex, end.what);
    const auto remote = sys::parse_address(end.remote);
    if (!remote) return;
    // Policy rules may look at the sender's address: both answers count.
    by_route(sys::route_to(*remote), end.what);
    if (local) by_route(sys::route_to(*remote, local), end.what);
  }

 private:
  void by_route(const Result<unsigned>& device, const std::string& what) {
    if (!device)
      state_.unknown.push_back("which port carries " + what + ": " + device.error().message);
    else if (*device != 0)
      use(*device, what);
  }

  // "fe80::1%eth0" names its device.
  void by_scope(const std::string& text, const std::string& what) {
    if (const auto at = text.find('%'); at != std::string::npos) by_name(text.substr(at + 1), what);
  }

  void by_name(const std::string& name, const std::string& what) {
    for (const NetDevice& device : state_.devices)
      if (!name.empty() && device.name == name) use(device.ifindex, what);
  }

  void use(unsigned ifindex, const std::string& what) {
    const NetworkUse found{ifindex, what};
    if (std::find(state_.uses.begin(), state_.uses.end(), found) == state_.uses.end())
      state_.uses.push_back(found);
  }

  NetworkState& state_;
  std::vector<sys::InterfaceAddress> addresses_;
};

}  // namespace

std::vector<NetworkUse> default_routes(const std::vector<sys::Route>& routes,
                                       const std::vector<sys::Nexthop>& nexthops) {
  std::map<std::uint32_t, sys::Nexthop> by_id;
  for (const sys::Nexthop& nexthop : nexthops) by_id[nexthop.id] = nexthop;
  std::vector<NetworkUse> uses;
  for (const sys::Route& route : routes) {
    if (!route.unicast || !leads_to_everything(route)) continue;
    std::set<unsigned> ifindexes(route.ifindexes.begin(), route.ifindexes.end());
    add_nexthop(route.nexthop_id, by_id, ifindexes);
    const std::string what =
        fmt::format("the default route ({}, table {})", route.family == AF_INET ? "IPv4" : "IPv6",
                    table_name(route.table));
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
  EndpointFinder endpoints(state);
  if (sources.ssh)
    for (const Endpoint& end : ssh_endpoints(sources.procfs, state.unknown)) endpoints.add(end);
  for (const Endpoint& end : storage_endpoints(sources.procfs, sources.sysfs, state.unknown))
    endpoints.add(end);
  return state;
}

}  // namespace pktbench
