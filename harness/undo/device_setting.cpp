#include "harness/undo/device_setting.hpp"

#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <boost/lexical_cast/try_lexical_convert.hpp>
#include <boost/range/adaptor/map.hpp>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <vector>

#include "harness/sys/detached_mount.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/pci_driver.hpp"
#include "harness/sys/rss.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::undo {

using nlohmann::json;

namespace {

// The journal's form of a setting that was.
struct DeviceUndo {
  std::uint64_t netns = 0;
  unsigned ifindex = 0;
  std::string setting;
  std::string value;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DeviceUndo, netns, ifindex, setting, value)

std::string path_of(const std::string& sysfs, const std::string& device, const std::string& name) {
  return sysfs + "/class/net/" + device + "/" + name;
}

// The files by which the interrupts of the device's PCI function are placed, in their order.
Result<std::vector<std::string>> irq_files(const std::string& device) {
  const std::string pci = sys::pci_of(device);
  if (pci.empty())
    return make_error(ErrorCode::unsupported, device + " is on no PCI bus: it has no interrupts");
  std::vector<std::string> files;
  for (const int irq : sys::pci_interrupts(pci))
    files.push_back(fmt::format("/proc/irq/{}/smp_affinity_list", irq));
  if (files.empty())
    return make_error(ErrorCode::unsupported, "the kernel lists no interrupts of " + device);
  return files;
}

Result<std::string> read_irqs(const std::string& device) {
  const auto files = irq_files(device);
  if (!files) return files.error();
  std::vector<std::string> all;
  for (const std::string& file : *files)
    if (auto r = sys::read_file(file).into(all.emplace_back()); !r) return r.error();
  return boost::join(all, " ");
}

// Every interrupt is tried; the first error stands for all.
Result<void> write_irqs(const std::string& device, const std::string& value) {
  const auto files = irq_files(device);
  if (!files) return files.error();
  const auto cpus = sys::words_of(value);
  Result<void> result;
  for (std::size_t i = 0; i < std::min(files->size(), cpus.size()); ++i) {
    const std::string& file = (*files)[i];
    if (const auto now = sys::read_file(file); now && *now == cpus[i]) continue;
    if (auto r = sys::write_file(file, cpus[i]); !r && result) result = r;
  }
  return result;
}

// "rps" is in queues/rx-N/rps_cpus, "xps" in queues/tx-N/xps_cpus.
//
// "rx-0=3 rx-1=0", in the order of the queues' names.
Result<std::string> read_queues(const std::string& device, const std::string& setting) {
  const std::string prefix = setting == "rps" ? "rx-" : "tx-";
  return sys::with_sysfs_of("", [&](const std::string& sysfs) -> Result<std::string> {
    std::map<std::string, std::string> masks;
    for (const auto& path : sys::entries_of(path_of(sysfs, device, "queues"))) {
      const std::string queue = path.filename();
      if (!queue.starts_with(prefix)) continue;
      auto mask = sys::read_file(path / (setting + "_cpus"));
      if (!mask) return mask.error();
      masks[queue] = queue + "=" + *mask;
    }
    if (!masks.empty()) return boost::join(masks | boost::adaptors::map_values, " ");
    return make_error(ErrorCode::unsupported, device + " has no " + setting + " settings");
  });
}

// Every queue is tried, as for interrupts.
Result<void> write_queues(const std::string& device, const std::string& setting,
                          const std::string& value) {
  return sys::with_sysfs_of("", [&](const std::string& sysfs) {
    Result<void> result;
    for (const std::string& part : sys::words_of(value)) {
      const auto at = part.find('=');
      const std::string folder = "queues/" + part.substr(0, at) + "/";
      if (auto r = sys::write_file(path_of(sysfs, device, folder + setting + "_cpus"),
                                   part.substr(at + 1));
          !r && result)
        result = r;
    }
    return result;
  });
}

std::vector<std::uint32_t> words_of(const std::string& text) {
  std::vector<std::uint32_t> words;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, ',');)
    words.push_back(static_cast<std::uint32_t>(std::strtoul(word.c_str(), nullptr, 16)));
  return words;
}

using Setting = sys::SettingText;

Setting offload(const char* name, sys::Offload which) {
  return {name,
          [which](const std::string& device) -> Result<std::string> {
            const auto on = sys::get_offload(device, which);
            if (!on) return on.error();
            return std::string(*on ? "on" : "off");
          },
          [=](const auto& device, const auto& value) {
            return sys::set_offload(device, which, value == "on");
          }};
}

Setting in_sysfs(const std::string& name) {
  return {name,
          [name](const std::string& device) {
            return sys::with_sysfs_of("", [&](const std::string& sysfs) {
              return sys::read_file(path_of(sysfs, device, name));
            });
          },
          [name](const std::string& device, const std::string& value) {
            return sys::with_sysfs_of("", [&](const std::string& sysfs) {
              return sys::write_file(path_of(sysfs, device, name), value);
            });
          }};
}

Setting by_queue(const std::string& name) {
  return {name, [=](const auto& device) { return read_queues(device, name); },
          [=](const auto& device, const auto& value) { return write_queues(device, name, value); }};
}

Setting udp_hash(const std::string& name, int ip_version) {
  return {name,
          [ip_version](const std::string& device) { return sys::get_udp_hash(device, ip_version); },
          [ip_version](const std::string& device, const std::string& value) {
            return sys::set_udp_hash(device, ip_version, value);
          }};
}

std::vector<Setting> make_settings() {
  std::vector<Setting> all = sys::settings_as_text();
  all.insert(all.end(), {{"mtu",
                          [](const std::string& device) -> Result<std::string> {
                            const auto link = sys::get_link(device);
                            if (!link) return link.error();
                            return fmt::to_string(link->mtu);
                          },
                          [](const std::string& device, const std::string& value) -> Result<void> {
                            std::uint32_t bytes = 0;
                            if (!boost::conversion::try_lexical_convert(value, bytes) ||
                                fmt::to_string(bytes) != value)
                              return sys::no_such_value();
                            const auto link = sys::get_link(device);
                            return link ? sys::set_link_mtu(link->ifindex, bytes) : link.error();
                          }},
                         offload("lro", sys::Offload::lro),
                         offload("gro", sys::Offload::gro),
                         offload("tso", sys::Offload::tso),
                         offload("tx-checksum", sys::Offload::tx_checksum),
                         {"features",
                          [](const std::string& device) -> Result<std::string> {
                            const auto words = sys::get_features(device);
                            if (!words) return words.error();
                            return fmt::format("{:x}", fmt::join(*words, ","));
                          },
                          [](const std::string& device, const std::string& value) {
                            return sys::set_features(device, words_of(value));
                          }},
                         {"irqs", read_irqs, write_irqs},
                         in_sysfs("threaded"),
                         in_sysfs("napi_defer_hard_irqs"),
                         in_sysfs("gro_flush_timeout"),
                         udp_hash("udp4-hash", 4),
                         udp_hash("udp6-hash", 6),
                         {"rss-table", sys::get_rss_table, sys::set_rss_table},
                         {"rss-key", sys::get_rss_key, sys::set_rss_key},
                         by_queue("rps"),
                         by_queue("xps")});
  return all;
}

Result<const Setting*> find_setting(const std::string& name) {
  static const std::vector<Setting> all = make_settings();
  for (const Setting& setting : all)
    if (setting.name == name) return &setting;
  return make_error(ErrorCode::failed, "no setting is named \"" + name + "\"");
}

}  // namespace

Result<std::string> get_device_setting(const std::string& device, const std::string& setting) {
  const auto found = find_setting(setting);
  if (!found) return found.error();
  return (*found)->get(device);
}

Result<void> set_device_setting(const std::string& device, const std::string& setting,
                                const std::string& value) {
  const auto found = find_setting(setting);
  if (!found) return found.error();
  auto done = (*found)->set(device, value);
  if (!done && done.error().code == ErrorCode::invalid_input)
    return make_error(ErrorCode::failed, "{} of {} cannot be \"{}\"", setting, device, value);
  if (!done) return done;
  const auto now = (*found)->get(device);
  if (!now) return now.error();
  if (*now != value)
    return make_error(ErrorCode::failed,
                      device + " did not take " + setting + " " + value + ": it has " + *now);
  return {};
}

Result<std::string> device_undo_value(const std::string& device, const std::string& setting,
                                      const std::string& value) {
  const unsigned ifindex = if_nametoindex(device.c_str());
  if (ifindex == 0) return system_error("find device " + device, errno);
  return json(DeviceUndo{sys::netns_number(), ifindex, setting, value}).dump();
}

Result<void> undo_device_setting(const std::string& device, const std::string& undo_value) {
  DeviceUndo wanted;
  try {
    json::parse(undo_value, nullptr, false).get_to(wanted);
  } catch (const json::exception&) {
    return make_error(ErrorCode::failed, "the journal's record of {} cannot be read: {}", device,
                      undo_value);
  }
  const auto path = sys::find_netns(wanted.netns);
  if (!path) return {};
  auto inside = sys::NetnsScope::enter(*path);
  if (!inside) return inside.error();
  // Another device of that name is not the one that was changed.
  if (if_nametoindex(device.c_str()) != wanted.ifindex) return {};
  return set_device_setting(device, wanted.setting, wanted.value);
}

}  // namespace pktbench::undo
