#include "harness/report/nic_info.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "harness/sys/fd.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench {

namespace {

template <std::size_t N>
std::string fixed_text(const char (&text)[N]) {
  return std::string(text, strnlen(text, N));
}

// Questions to one device. A socket stays in the namespace it was made in.
class Device {
 public:
  static Result<Device> open(const std::string& name) {
    if (name.empty() || name.size() >= IFNAMSIZ)
      return make_error(ErrorCode::failed, "no device can be named \"" + name + "\"");
    sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return system_error("open a socket", errno);
    Device device(name, std::move(socket));
    ifreq request{};
    if (auto r = device.ask(SIOCGIFINDEX, request, "find device"); !r) return r.error();
    return device;
  }

  Result<void> ask(unsigned long what, ifreq& request, const std::string& words) const {
    name_.copy(request.ifr_name, IFNAMSIZ - 1);
    if (ioctl(socket_.get(), what, &request) != 0) return system_error(words + " " + name_, errno);
    return {};
  }

  Result<void> ethtool(void* command, const std::string& words) const {
    ifreq request{};
    request.ifr_data = static_cast<char*>(command);
    auto r = ask(SIOCETHTOOL, request, "read " + words + " of");
    if (r || r.error().sys_errno != EOPNOTSUPP) return r;
    return make_error(ErrorCode::unsupported,
                      "the driver of " + name_ + " does not tell its " + words);
  }

 private:
  Device(std::string name, sys::Fd socket) : name_(std::move(name)), socket_(std::move(socket)) {}

  std::string name_;
  sys::Fd socket_;
};

void add_driver(const Device& device, const EnvironmentSources& sources, Section& section) {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  std::string reason;
  if (auto r = device.ethtool(&info, "driver information"); !r) {
    reason = r.error().message;
    info = {};
  }
  const auto or_else = [&reason](const char* why) { return reason.empty() ? why : reason; };
  const auto text = [](const std::string& s) { return s == "N/A" ? std::string() : s; };
  const std::string bus = text(fixed_text(info.bus_info));
  section.text("driver", fixed_text(info.driver), or_else("the driver does not tell its name"));
  section.text("driver_version", text(fixed_text(info.version)),
               or_else("the driver does not tell its version"));
  section.text("firmware", text(fixed_text(info.fw_version)),
               or_else("the driver does not tell a firmware version"));
  section.text("bus_info", bus, or_else("the device is on no bus"));
  if (bus.empty()) {
    section.null("numa_node", or_else("the device is on no bus"));
    return;
  }
  const auto node = sys::read_file(sources.sysfs + "/bus/pci/devices/" + bus + "/numa_node");
  char* end = nullptr;
  const long number = node ? std::strtol(node->c_str(), &end, 10) : -1;
  if (number >= 0 && end != node->c_str())
    section.set("numa_node", Json(number));
  else
    section.null("numa_node",
                 node ? "the host does not tell the device's NUMA node" : node.error().message);
}

void add_link(const Device& device, Section& section) {
  ifreq request{};
  if (auto r = device.ask(SIOCGIFHWADDR, request, "read the address of"); r) {
    std::array<char, 18> text{};
    const auto* mac = reinterpret_cast<const unsigned char*>(request.ifr_hwaddr.sa_data);
    std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
                  mac[3], mac[4], mac[5]);
    section.set("mac", Json(text.data()));
  } else {
    section.null("mac", r.error().message);
  }

  request = {};
  if (auto r = device.ask(SIOCGIFMTU, request, "read the MTU of"); r)
    section.set("mtu", Json(request.ifr_mtu));
  else
    section.null("mtu", r.error().message);

  // The kernel first tells how long its link masks are, as a negative number.
  std::array<std::uint32_t, sizeof(ethtool_link_settings) / 4 + 3 * 127> buffer{};
  auto* link = reinterpret_cast<ethtool_link_settings*>(buffer.data());
  link->cmd = ETHTOOL_GLINKSETTINGS;
  auto r = device.ethtool(link, "speed");
  if (r && link->link_mode_masks_nwords < 0) {
    const auto words = static_cast<__s8>(-link->link_mode_masks_nwords);
    buffer.fill(0);
    link->cmd = ETHTOOL_GLINKSETTINGS;
    link->link_mode_masks_nwords = words;
    r = device.ethtool(link, "speed");
  }
  if (!r)
    section.null("speed_mbps", r.error().message);
  else if (link->speed == 0 || link->speed == static_cast<std::uint32_t>(SPEED_UNKNOWN))
    section.null("speed_mbps", "the driver knows no speed; the link may be down");
  else
    section.set("speed_mbps", Json(link->speed));
}

void add_queues(const Device& device, Section& section) {
  ethtool_channels c{};
  c.cmd = ETHTOOL_GCHANNELS;
  if (auto r = device.ethtool(&c, "queues"); !r) {
    section.null("queues", r.error().message);
    return;
  }
  section.set("queues",
              Json({{"rx", c.rx_count},
                    {"tx", c.tx_count},
                    {"combined", c.combined_count},
                    {"max", {{"rx", c.max_rx}, {"tx", c.max_tx}, {"combined", c.max_combined}}}}));
}

void add_rings(const Device& device, Section& section) {
  ethtool_ringparam p{};
  p.cmd = ETHTOOL_GRINGPARAM;
  if (auto r = device.ethtool(&p, "rings"); !r) {
    section.null("rings", r.error().message);
    return;
  }
  section.set("rings", Json({{"rx", p.rx_pending},
                             {"tx", p.tx_pending},
                             {"max", {{"rx", p.rx_max_pending}, {"tx", p.tx_max_pending}}}}));
}

void add_coalescing(const Device& device, Section& section) {
  ethtool_coalesce c{};
  c.cmd = ETHTOOL_GCOALESCE;
  if (auto r = device.ethtool(&c, "coalescing"); !r) {
    section.null("coalescing", r.error().message);
    return;
  }
  section.set("coalescing", Json({{"rx_usecs", c.rx_coalesce_usecs},
                                  {"rx_frames", c.rx_max_coalesced_frames},
                                  {"tx_usecs", c.tx_coalesce_usecs},
                                  {"tx_frames", c.tx_max_coalesced_frames},
                                  {"adaptive_rx", c.use_adaptive_rx_coalesce != 0},
                                  {"adaptive_tx", c.use_adaptive_tx_coalesce != 0}}));
}

Result<Json> read_offloads(const Device& device) {
  std::array<std::uint64_t, 4> counting{};  // ethtool_sset_info and the one count behind it
  auto* sset = reinterpret_cast<ethtool_sset_info*>(counting.data());
  sset->cmd = ETHTOOL_GSSET_INFO;
  sset->sset_mask = 1ull << ETH_SS_FEATURES;
  if (auto r = device.ethtool(sset, "offloads"); !r) return r.error();
  const std::uint32_t n = sset->sset_mask ? sset->data[0] : 0;

  std::vector<std::uint32_t> naming((sizeof(ethtool_gstrings) + std::size_t{n} * ETH_GSTRING_LEN) /
                                    4);
  auto* strings = reinterpret_cast<ethtool_gstrings*>(naming.data());
  *strings = {ETHTOOL_GSTRINGS, ETH_SS_FEATURES, n};
  if (auto r = device.ethtool(strings, "offloads"); !r) return r.error();

  const std::uint32_t blocks = (n + 31) / 32;
  std::vector<std::uint32_t> states(
      (sizeof(ethtool_gfeatures) + blocks * sizeof(ethtool_get_features_block)) / 4);
  auto* features = reinterpret_cast<ethtool_gfeatures*>(states.data());
  *features = {ETHTOOL_GFEATURES, blocks};
  if (auto r = device.ethtool(features, "offloads"); !r) return r.error();

  const char* names = reinterpret_cast<const char*>(naming.data()) + sizeof(ethtool_gstrings);
  Json offloads = Json::object();
  for (std::uint32_t i = 0; i < n; ++i) {
    const char* name = names + std::size_t{i} * ETH_GSTRING_LEN;
    // Some bits of the mask have no name.
    if (name[0] != '\0')
      offloads[std::string(name, strnlen(name, ETH_GSTRING_LEN))] =
          (features->features[i / 32].active >> (i % 32) & 1u) != 0;
  }
  return offloads;
}

Json nothing_known(Section section, const std::string& name, const std::string& role,
                   const std::string& why) {
  section.set("role", Json(role));
  section.set("name", Json(name));
  for (const char* key : {"driver", "driver_version", "firmware", "bus_info", "numa_node", "mac",
                          "mtu", "speed_mbps", "queues", "rings", "coalescing", "offloads"})
    section.null(key, why);
  return section.take();
}

}  // namespace

Json nic_info(const EnvironmentPort& wanted, const EnvironmentSources& sources,
              const std::string& path, Json& missing) {
  const Port& port = wanted.port;
  const std::string name = port.name.empty() ? "unnamed" : port.name;
  Section section(path, missing);
  if (port.device)
    return nothing_known(std::move(section), name, wanted.role, "a simulated device has none");
  if (port.wire_fd >= 0)
    return nothing_known(std::move(section), name, wanted.role, "frames go through memory: no NIC");
  auto scope = sys::NetnsScope::enter(port.netns_path);
  if (!scope) return nothing_known(std::move(section), name, wanted.role, scope.error().message);
  auto device = Device::open(port.name);
  if (!device) return nothing_known(std::move(section), name, wanted.role, device.error().message);

  section.set("role", Json(wanted.role));
  section.set("name", Json(name));
  add_driver(*device, sources, section);
  add_link(*device, section);
  add_queues(*device, section);
  add_rings(*device, section);
  add_coalescing(*device, section);
  section.set("offloads", read_offloads(*device));
  return section.take();
}

}  // namespace pktbench
