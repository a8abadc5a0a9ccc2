#include "harness/undo/port_state.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "harness/sys/bytes_text.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/pci_driver.hpp"
#include "harness/sys/port_messages.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/sys/rtnl_dump.hpp"
#include "harness/undo/device_setting.hpp"

namespace pktbench::undo {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr unsigned kFlags = IFF_UP | IFF_PROMISC | IFF_ALLMULTI;

// In the order in which they are given back: queues before what is by queue, the offloads last,
// since others switch some of them.
constexpr const char* kSettings[] = {"mtu",
                                     "channels",
                                     "rss-key",
                                     "rss-table",
                                     "udp4-hash",
                                     "udp6-hash",
                                     "rings",
                                     "coalescing",
                                     "pause",
                                     "threaded",
                                     "napi_defer_hard_irqs",
                                     "gro_flush_timeout",
                                     "irqs",
                                     "rps",
                                     "xps",
                                     "features"};

constexpr std::chrono::milliseconds kStep{20};
constexpr int kNetdevSteps = 500;  // 10 s

std::map<std::string, std::string> read_sysctls(const std::string& name) {
  std::map<std::string, std::string> values;
  for (const char* family : {"ipv4", "ipv6"}) {
    for (const fs::path& path :
         sys::entries_of(fs::path("/proc/sys/net") / family / "conf" / name)) {
      // Some can only be written, and one is a secret that changes.
      const std::string file = path.filename();
      if (file == "stable_secret") continue;
      if (auto value = sys::read_file(path))
        values[std::string(family) + "/" + file] = std::move(*value);
    }
  }
  return values;
}

// Those of `wanted` that the device has otherwise.
std::map<std::string, std::string> changed(const std::map<std::string, std::string>& wanted,
                                           const std::map<std::string, std::string>& now) {
  std::map<std::string, std::string> other;
  for (const auto& [key, value] : wanted)
    if (const auto it = now.find(key); it == now.end() || it->second != value) other[key] = value;
  return other;
}

// What of a setting by queue ("rx-0=3 rx-1=0") is of queues that are there. igb shows eight of each
// until it is up for the first time, and then as many as it has; whether they should be there says
// "channels".
std::string of_present_queues(const std::string& setting, const std::string& value,
                              const std::string& now) {
  if (setting != "rps" && setting != "xps") return value;
  std::vector<std::string> parts = sys::words_of(value);
  std::erase_if(parts, [&](const std::string& part) {
    return (" " + now).find(" " + part.substr(0, part.find('=') + 1)) == std::string::npos;
  });
  return fmt::format("{}", fmt::join(parts, " "));
}

std::map<std::string, std::string> read_settings(const std::string& name) {
  std::map<std::string, std::string> values;
  for (const char* setting : kSettings)
    if (auto value = get_device_setting(name, setting)) values[setting] = std::move(*value);
  return values;
}

// The port's name where the calling thread is; a device that was made since is another one.
std::optional<std::string> find_here(const PortState& state) {
  const auto same = sys::get_link(state.name);
  if (state.pci.empty()) {
    if (same && same->ifindex == state.ifindex) return state.name;
    return std::nullopt;
  }
  if (same && sys::pci_of(state.name) == state.pci) return state.name;
  // A driver that was bound anew has given it the next free name.
  return find_netdev(state.pci);
}

}  // namespace

Result<PortState> read_port_state(const std::string& name) {
  auto link = sys::get_link(name);
  if (!link) return link.error();
  PortState state;
  state.name = name;
  state.ifindex = link->ifindex;
  state.netns = sys::netns_number();
  state.pci = sys::pci_of(name);
  if (!state.pci.empty()) {
    state.driver = sys::pci_driver(state.pci);
    state.override = sys::forced_driver(state.pci) == state.driver;
  }
  state.flags = link->flags & kFlags;
  state.settings = read_settings(name);
  // A driver sets up how frames are spread when it first comes up: igb's table names queue 0 alone
  // until then, and would keep that if it were set; e1000e tells of no hash fields.
  if (!(link->flags & IFF_UP))
    std::erase_if(state.settings, [](const auto& setting) {
      const auto& [what, value] = setting;
      return what == "rss-table" || (what.ends_with("-hash") && value.empty());
    });
  state.sysctls = read_sysctls(name);
  if (auto r = sys::port_messages(link->ifindex).into(state.messages); !r) return r.error();
  return state;
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PortState, name, ifindex, netns, away, pci, driver, override,
                                   flags, settings, sysctls, messages)

std::string to_text(const PortState& state) {
  json j = state;
  j["name"] = sys::bytes_to_text(state.name);
  return j.dump();
}

Result<PortState> port_state_from(const std::string& text) {
  try {
    PortState state = json::parse(text, nullptr, false);
    state.name = sys::text_to_bytes(state.name);
    return state;
  } catch (const json::exception& e) {
    return make_error(ErrorCode::failed,
                      std::string("the journal's record of a port cannot be read: ") + e.what());
  }
}

std::optional<std::string> find_netdev(const std::string& pci) {
  if (const auto devices = sys::list_devices())
    for (const sys::Device& device : *devices)
      if (sys::pci_of(device.name) == pci) return device.name;
  return std::nullopt;
}

Result<std::string> wait_for_netdev(const std::string& pci) {
  for (int i = 0; i < kNetdevSteps; ++i) {
    if (auto name = find_netdev(pci)) return *name;
    std::this_thread::sleep_for(kStep);
  }
  return make_error(ErrorCode::failed, "driver " + sys::pci_driver(pci) +
                                           " made no interface for " + pci +
                                           " in this network namespace within 10 s");
}

namespace {

// From wherever it is into the calling thread's namespace. Nothing: the port has gone.
Result<std::optional<std::string>> bring_home(const PortState& state) {
  if (auto here = find_here(state)) return here;
  if (!state.away.empty() && fs::exists(state.away)) {
    const sys::Fd home(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!home) return system_error("open this thread's network namespace", errno);
    auto inside = sys::NetnsScope::enter(state.away);
    if (!inside) return inside.error();
    PortState there = state;
    if (auto link = sys::get_link(state.name); link && state.pci.empty())
      there.ifindex = link->ifindex;
    if (auto name = find_here(there)) {
      auto link = sys::get_link(*name);
      if (!link) return link.error();
      if (auto r = sys::set_link_flags(link->ifindex, 0, IFF_UP); !r) return r.error();
      if (auto r = sys::move_link(link->ifindex, home.get()); !r) return r.error();
      return name;
    }
  }
  if (state.pci.empty()) return std::optional<std::string>();
  // The kernel gives the devices of a namespace that ends back to the first one.
  auto name = wait_for_netdev(state.pci);
  if (!name) return name.error();
  return std::optional(*name);
}

// What does not come off is found by the comparison at the end: what one setting does to another is
// known only then.
void apply_settings(const PortState& state) {
  for (const char* setting : kSettings) {
    const auto wanted = state.settings.find(setting);
    if (wanted == state.settings.end()) continue;
    const auto now = get_device_setting(state.name, setting);
    if (!now || *now != wanted->second)
      (void)set_device_setting(state.name, setting, wanted->second);
  }
}

void apply_sysctls(const PortState& state) {
  for (const auto& [key, value] : changed(state.sysctls, read_sysctls(state.name))) {
    const auto slash = key.find('/');
    (void)sys::write_file(
        "/proc/sys/net/" + key.substr(0, slash) + "/conf/" + state.name + key.substr(slash), value);
  }
}

Result<void> apply(const PortState& state) {
  auto link = sys::get_link(state.name);
  if (!link) return link.error();
  apply_sysctls(state);
  // Some settings can be made only while the device is up, and some only with others still as the
  // run had them.
  if (auto r = sys::set_link_flags(link->ifindex, IFF_UP, IFF_UP); !r) return r;
  apply_settings(state);
  if (auto r = sys::set_link_flags(link->ifindex, state.flags, kFlags); !r) return r;
  apply_settings(state);
  // A change of the MTU may have made some of them anew.
  apply_sysctls(state);
  return sys::replay_port_messages(link->ifindex, state.messages);
}

}  // namespace

Result<std::vector<std::string>> differences(const PortState& state) {
  auto link = sys::get_link(state.name);
  if (!link) return link.error();
  std::vector<std::string> found;
  if (!state.pci.empty() && sys::pci_driver(state.pci) != state.driver)
    found.push_back("driver is " + sys::pci_driver(state.pci) + ", was " + state.driver);
  if ((link->flags & kFlags) != state.flags)
    found.push_back(fmt::format("link flags are {}, were {}", link->flags & kFlags, state.flags));
  const auto settings = read_settings(state.name);
  for (const auto& [setting, value] : changed(state.settings, settings)) {
    const auto now = settings.find(setting);
    if (now != settings.end() && of_present_queues(setting, value, now->second) == now->second)
      continue;
    found.push_back(setting + " is \"" + (now == settings.end() ? "gone" : now->second) +
                    "\", was \"" + value + "\"");
  }
  for (const auto& [key, value] : changed(state.sysctls, read_sysctls(state.name)))
    found.push_back("sysctl " + key + " is not \"" + value + "\"");
  auto missing = sys::missing_port_messages(link->ifindex, state.messages);
  if (!missing) return missing.error();
  for (const std::string& what : *missing) found.push_back(what + " is missing");
  return found;
}

Result<void> give_port_back(const PortState& state) {
  const auto home = sys::find_netns(state.netns);
  if (!home) return {};
  auto inside = sys::NetnsScope::enter(*home);
  if (!inside) return inside.error();
  if (!state.pci.empty() && !sys::pci_id(state.pci).empty() &&
      (sys::pci_driver(state.pci) != state.driver ||
       (sys::forced_driver(state.pci) == state.driver) != state.override ||
       (!state.override && !sys::forced_driver(state.pci).empty())))
    if (auto r = sys::bind_pci(state.pci, state.driver, state.override); !r) return r;
  auto name = bring_home(state);
  if (!name) return name.error();
  if (!*name) return {};
  if (**name != state.name) {
    auto link = sys::get_link(**name);
    if (!link) return link.error();
    if (auto r = sys::rename_link(link->ifindex, state.name); !r) return r;
  }
  if (auto r = apply(state); !r) return r;
  auto left = differences(state);
  if (!left) return left.error();
  if (left->empty()) return {};
  return make_error(ErrorCode::failed, "{} is not as it was: {}", state.name,
                    fmt::join(*left, "; "));
}

}  // namespace pktbench::undo
