#include "harness/host/nic_info.hpp"

#include <fmt/format.h>

#include "harness/host/port_facts.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench {

namespace {

Result<long> numa_node(const sys::DriverInfo& driver, const HostSources& sources) {
  if (driver.bus.empty()) return make_error(ErrorCode::unsupported, "the device is on no bus");
  auto node = numa_node_of(driver.bus, sources);
  if (!node || *node >= 0) return node;
  return make_error(ErrorCode::unsupported, "the host does not tell the device's NUMA node");
}

void add_driver(const Result<sys::DriverInfo>& info, const HostSources& sources, Section& section) {
  const auto text = [&](const char* key, std::string sys::DriverInfo::*member, const char* why) {
    section.text(key, info ? (*info).*member : "", info ? why : info.error().message);
  };
  text("driver", &sys::DriverInfo::driver, "the driver does not tell its name");
  text("driver_version", &sys::DriverInfo::version, "the driver does not tell its version");
  text("firmware", &sys::DriverInfo::firmware, "the driver does not tell a firmware version");
  text("bus_info", &sys::DriverInfo::bus, "the device is on no bus");
  section.set("numa_node", info ? numa_node(*info, sources) : info.error());
}

void add_link(const sys::LinkInfo& link, const Result<sys::LinkSpeed>& speed, Section& section) {
  section.set("mac", Json(fmt::format("{:02x}", fmt::join(link.mac, ":"))));
  section.set("mtu", Json(link.mtu));
  if (speed && speed->mbps > 0)
    section.set("speed_mbps", Json(speed->mbps));
  else
    section.null("speed_mbps",
                 speed ? "the driver knows no speed; the link may be down" : speed.error().message);
}

void add_pcie(const std::string& pci, const HostSources& sources, Section& section) {
  if (pci.empty()) return section.null("pcie", "the device is on no PCI bus");
  section.set("pcie", pcie_link_of(pci, sources), [](const PcieLink& link) {
    return Json({{"speed", link.speed},
                 {"width", link.width},
                 {"max", {{"speed", link.max_speed}, {"width", link.max_width}}}});
  });
}

// "8086:1563", vendor and device.
void add_model(const std::string& pci, const HostSources& sources, Section& section) {
  if (pci.empty()) return section.null("model", "the device is on no PCI bus");
  const std::string at = sources.sysfs + "/bus/pci/devices/" + pci + "/";
  const auto vendor = sys::read_file(at + "vendor");
  const auto device = sys::read_file(at + "device");
  if (!vendor || !device) return section.null("model", (vendor ? device : vendor).error().message);
  const auto plain = [](const std::string& id) { return id.starts_with("0x") ? id.substr(2) : id; };
  section.set("model", Json(plain(*vendor) + ":" + plain(*device)));
}

Json nothing_known(Section section, const std::string& why) {
  for (const char* key :
       {"driver", "driver_version", "firmware", "bus_info", "numa_node", "mac", "mtu", "speed_mbps",
        "model", "pcie", "queues", "udp4_hash", "rings", "coalescing", "pause", "offloads"})
    section.null(key, why);
  return section.take();
}

}  // namespace

Json nic_info(const EnvironmentPort& wanted, const HostSources& sources, const std::string& path,
              Json& missing) {
  const Port& port = wanted.port;
  Section section(path, missing);
  section.set("role", Json(wanted.role));
  section.set("name", Json(port.name.empty() ? "unnamed" : port.name));
  if (port.device) return nothing_known(std::move(section), "a simulated device has none");
  if (port.wire_fd >= 0)
    return nothing_known(std::move(section), "frames go through memory: no NIC");
  auto scope = sys::NetnsScope::enter(port.netns_path);
  if (!scope) return nothing_known(std::move(section), scope.error().message);
  const DeviceFacts facts = gather_device_facts(port.name);
  if (!facts.link) return nothing_known(std::move(section), facts.link.error().message);

  add_driver(facts.driver_info, sources, section);
  add_link(*facts.link, facts.speed, section);
  section.set("queues", facts.queues, [](const sys::Channels& c) {
    return Json({{"rx", c.rx},
                 {"tx", c.tx},
                 {"combined", c.combined},
                 {"max", {{"rx", c.max_rx}, {"tx", c.max_tx}, {"combined", c.max_combined}}}});
  });
  section.set("rings", facts.rings, [](const sys::Rings& r) {
    return Json({{"rx", r.rx}, {"tx", r.tx}, {"max", {{"rx", r.max_rx}, {"tx", r.max_tx}}}});
  });
  section.set("coalescing", facts.coalescing, [](const sys::Coalescing& c) {
    return Json({{"rx_usecs", c.rx_usecs},
                 {"rx_frames", c.rx_frames},
                 {"tx_usecs", c.tx_usecs},
                 {"tx_frames", c.tx_frames},
                 {"adaptive_rx", c.adaptive_rx},
                 {"adaptive_tx", c.adaptive_tx}});
  });
  section.set("udp4_hash", facts.udp4_hash);
  section.set("pause", facts.pause, [](const sys::Pause& p) {
    return Json({{"autoneg", p.autoneg}, {"rx", p.rx}, {"tx", p.tx}});
  });
  add_model(port.pci, sources, section);
  add_pcie(port.pci, sources, section);
  section.set("offloads", facts.offloads, [](const auto& offloads) {
    Json made = Json::object();
    for (const auto& [offload, on] : offloads) made[offload] = on;
    return made;
  });
  return section.take();
}

}  // namespace pktbench
