#include "harness/undo/device_setting.hpp"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <variant>
#include <vector>

#include "harness/sys/ethtool.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/pci_driver.hpp"
#include "harness/sys/sysfs.hpp"

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

// Reads the MTU, or sets it to `wanted`.
Result<std::string> mtu(const std::string& device, std::optional<std::uint32_t> wanted) {
  sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return system_error("open a socket", errno);
  ifreq request{};
  device.copy(request.ifr_name, sizeof request.ifr_name - 1);
  request.ifr_mtu = static_cast<int>(wanted.value_or(0));
  if (ioctl(socket.get(), wanted ? SIOCSIFMTU : SIOCGIFMTU, &request) != 0)
    return system_error(std::string(wanted ? "set" : "read") + " the MTU of " + device, errno);
  return std::to_string(request.ifr_mtu);
}

// "rx" of "rx=256 tx=off".
std::string part_of(const std::string& value, const std::string& key) {
  const std::string text = " " + value + " ";
  const auto at = text.find(" " + key + "=");
  if (at == std::string::npos) return {};
  const auto begin = at + key.size() + 2;
  return text.substr(begin, text.find(' ', begin) - begin);
}

std::optional<std::uint32_t> number(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

const char* on_off(bool on) { return on ? "on" : "off"; }

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
  std::string text;
  for (const std::string& file : *files) {
    const auto cpus = sys::read_file(file);
    if (!cpus) return cpus.error();
    text += (text.empty() ? "" : " ") + *cpus;
  }
  return text;
}

// Every interrupt is tried; the first error stands for all.
Result<void> write_irqs(const std::string& device, const std::string& value) {
  const auto files = irq_files(device);
  if (!files) return files.error();
  std::istringstream parts(value);
  Result<void> result;
  for (const std::string& file : *files) {
    std::string cpus;
    if (!(parts >> cpus)) break;
    if (const auto now = sys::read_file(file); now && *now == cpus) continue;
    if (auto r = sys::write_file(file, cpus); !r && result) result = r;
  }
  return result;
}

// "rps" is in queues/rx-N/rps_cpus, "xps" in queues/tx-N/xps_cpus.
//
// "rx-0=3 rx-1=0", in the order of the queues' names.
Result<std::string> read_queues(const std::string& device, const std::string& setting) {
  const std::string prefix = setting == "rps" ? "rx-" : "tx-";
  std::map<std::string, std::string> masks;
  auto read = sys::with_sysfs_of("", [&](const std::string& sysfs) -> Result<void> {
    namespace fs = std::filesystem;
    std::error_code ec;
    for (fs::directory_iterator it(path_of(sysfs, device, "queues"), ec), end; !ec && it != end;
         it.increment(ec)) {
      const std::string queue = it->path().filename();
      if (!queue.starts_with(prefix)) continue;
      auto mask = sys::read_file(it->path() / (setting + "_cpus"));
      if (!mask) return mask.error();
      masks[queue] = *mask;
    }
    return {};
  });
  if (!read) return read.error();
  if (masks.empty())
    return make_error(ErrorCode::unsupported, device + " has no " + setting + " settings");
  std::string text;
  for (const auto& [queue, mask] : masks) text += (text.empty() ? "" : " ") + queue + "=" + mask;
  return text;
}

// Every queue is tried, as for interrupts.
Result<void> write_queues(const std::string& device, const std::string& setting,
                          const std::string& value) {
  return sys::with_sysfs_of("", [&](const std::string& sysfs) {
    std::istringstream parts(value);
    Result<void> result;
    for (std::string part; parts >> part;) {
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

// Words in hexadecimal, the first bits first.
std::string text_of(const std::vector<std::uint32_t>& words) {
  std::ostringstream text;
  text << std::hex;
  for (std::size_t i = 0; i < words.size(); ++i) text << (i ? "," : "") << words[i];
  return text.str();
}

std::vector<std::uint32_t> words_of(const std::string& text) {
  std::vector<std::uint32_t> words;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, ',');)
    words.push_back(static_cast<std::uint32_t>(std::strtoul(word.c_str(), nullptr, 16)));
  return words;
}

// What cannot be the value of a setting is nothing.
using Set = std::optional<Result<void>>;

struct Setting {
  std::string name;
  std::function<Result<std::string>(const std::string& device)> get;
  std::function<Set(const std::string& device, const std::string& value)> set;
};

// A part of a value, "rx=256" or "rx=off", of one of the types M.
template <class T, class... M>
struct Part {
  const char* key;
  std::variant<M T::*...> member;
};

std::string part_text(bool value) { return on_off(value); }
std::string part_text(std::uint32_t value) { return std::to_string(value); }

bool read_part(const std::string& text, bool& value) {
  value = text == "on";
  return value || text == "off";
}

bool read_part(const std::string& text, std::uint32_t& value) {
  const auto count = number(text);
  value = count.value_or(0);
  return count.has_value();
}

template <class T, class... M>
Setting in_parts(const char* name, std::vector<Part<T, M...>> parts,
                 Result<T> (*get)(const std::string&),
                 Result<void> (*set)(const std::string&, const T&)) {
  const auto read = [=](const std::string& device) -> Result<std::string> {
    const auto found = get(device);
    if (!found) return found.error();
    std::string text;
    for (const auto& part : parts) {
      text += (text.empty() ? "" : " ") + std::string(part.key) + "=";
      text += std::visit([&](auto member) { return part_text((*found).*member); }, part.member);
    }
    return text;
  };
  const auto write = [=](const std::string& device, const std::string& value) -> Set {
    T wanted;
    for (const auto& part : parts) {
      const std::string text = part_of(value, part.key);
      const auto take = [&](auto member) { return read_part(text, wanted.*member); };
      if (!std::visit(take, part.member)) return std::nullopt;
    }
    return set(device, wanted);
  };
  return {name, read, write};
}

Setting offload(const char* name, sys::Offload which) {
  return {name,
          [which](const std::string& device) -> Result<std::string> {
            const auto on = sys::get_offload(device, which);
            if (!on) return on.error();
            return std::string(on_off(*on));
          },
          [which](const std::string& device, const std::string& value) -> Set {
            return sys::set_offload(device, which, value == "on");
          }};
}

Setting in_sysfs(const std::string& name) {
  return {name,
          [name](const std::string& device) {
            Result<std::string> text = std::string();
            auto read = sys::with_sysfs_of("", [&](const std::string& sysfs) -> Result<void> {
              text = sys::read_file(path_of(sysfs, device, name));
              return text ? Result<void>() : text.error();
            });
            return read ? text : Result<std::string>(read.error());
          },
          [name](const std::string& device, const std::string& value) -> Set {
            return sys::with_sysfs_of("", [&](const std::string& sysfs) {
              return sys::write_file(path_of(sysfs, device, name), value);
            });
          }};
}

Setting by_queue(const std::string& name) {
  return {name, [name](const std::string& device) { return read_queues(device, name); },
          [name](const std::string& device, const std::string& value) -> Set {
            return write_queues(device, name, value);
          }};
}

const std::vector<Setting>& settings() {
  using sys::Channels, sys::Coalescing, sys::Pause, sys::Rings;
  static const std::vector<Setting> all = {
      {"mtu", [](const std::string& device) { return mtu(device, std::nullopt); },
       [](const std::string& device, const std::string& value) -> Set {
         const auto bytes = number(value);
         if (!bytes) return std::nullopt;
         const auto r = mtu(device, bytes);
         return r ? Result<void>() : Result<void>(r.error());
       }},
      in_parts<Rings, std::uint32_t>("rings", {{"rx", &Rings::rx}, {"tx", &Rings::tx}},
                                     sys::get_rings, sys::set_rings),
      in_parts<Pause, bool>("pause",
                            {{"autoneg", &Pause::autoneg}, {"rx", &Pause::rx}, {"tx", &Pause::tx}},
                            sys::get_pause, sys::set_pause),
      offload("lro", sys::Offload::lro),
      offload("gro", sys::Offload::gro),
      offload("tso", sys::Offload::tso),
      offload("tx-checksum", sys::Offload::tx_checksum),
      {"features",
       [](const std::string& device) -> Result<std::string> {
         const auto words = sys::get_features(device);
         return words ? Result<std::string>(text_of(*words)) : words.error();
       },
       [](const std::string& device, const std::string& value) -> Set {
         return sys::set_features(device, words_of(value));
       }},
      in_parts<Channels, std::uint32_t>(
          "channels",
          {{"rx", &Channels::rx}, {"tx", &Channels::tx}, {"combined", &Channels::combined}},
          sys::get_channels, sys::set_channels),
      in_parts<Coalescing, bool, std::uint32_t>("coalescing",
                                                {{"adaptive-rx", &Coalescing::adaptive_rx},
                                                 {"adaptive-tx", &Coalescing::adaptive_tx},
                                                 {"rx-usecs", &Coalescing::rx_usecs},
                                                 {"rx-frames", &Coalescing::rx_frames},
                                                 {"tx-usecs", &Coalescing::tx_usecs},
                                                 {"tx-frames", &Coalescing::tx_frames}},
                                                sys::get_coalescing, sys::set_coalescing),
      {"irqs", read_irqs, write_irqs},
      in_sysfs("threaded"),
      in_sysfs("napi_defer_hard_irqs"),
      in_sysfs("gro_flush_timeout"),
      by_queue("rps"),
      by_queue("xps"),
  };
  return all;
}

Result<const Setting*> find_setting(const std::string& name) {
  for (const Setting& setting : settings())
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
  const Set done = (*found)->set(device, value);
  if (!done)
    return make_error(ErrorCode::failed, "{} of {} cannot be \"{}\"", setting, device, value);
  if (!*done) return *done;
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
  return json(DeviceUndo{sys::own_netns_number(), ifindex, setting, value}).dump();
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
