#include "harness/undo/device_setting.hpp"

#include <linux/ethtool.h>
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
#include <set>
#include <sstream>
#include <vector>

#include "harness/sys/ethtool.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/sysfs.hpp"

namespace pktbench::undo {

using nlohmann::json;

namespace {

Result<int> mtu(const std::string& device, std::optional<int> value) {
  sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return system_error("open a socket", errno);
  ifreq request{};
  device.copy(request.ifr_name, sizeof request.ifr_name - 1);
  request.ifr_mtu = value.value_or(0);
  if (ioctl(socket.get(), value ? SIOCSIFMTU : SIOCGIFMTU, &request) != 0)
    return system_error(std::string(value ? "set" : "read") + " the MTU of " + device, errno);
  return request.ifr_mtu;
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
  namespace fs = std::filesystem;
  const auto driver = sys::driver_info(device);
  if (!driver) return driver.error();
  const fs::path function = "/sys/bus/pci/devices/" + driver->bus;
  std::error_code ec;
  if (driver->bus.empty() || !fs::exists(function, ec))
    return make_error(ErrorCode::unsupported, device + " is on no PCI bus: it has no interrupts");
  std::set<int> irqs;
  for (fs::directory_iterator it(function / "msi_irqs", ec), end; !ec && it != end;
       it.increment(ec))
    irqs.insert(std::atoi(it->path().filename().c_str()));
  if (irqs.empty())
    if (const auto line = sys::read_file(function / "irq")) irqs.insert(std::atoi(line->c_str()));
  std::vector<std::string> files;
  for (const int irq : irqs)
    if (irq > 0) files.push_back("/proc/irq/" + std::to_string(irq) + "/smp_affinity_list");
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

Result<void> write_queues(const std::string& device, const std::string& setting,
                          const std::string& value) {
  return sys::with_sysfs_of("", [&](const std::string& sysfs) -> Result<void> {
    std::istringstream parts(value);
    for (std::string part; parts >> part;) {
      const auto at = part.find('=');
      const std::string folder = "queues/" + part.substr(0, at) + "/";
      if (auto r = sys::write_file(path_of(sysfs, device, folder + setting + "_cpus"),
                                   part.substr(at + 1));
          !r)
        return r;
    }
    return {};
  });
}

std::string text_of(const sys::Rings& r) {
  return "rx=" + std::to_string(r.rx) + " tx=" + std::to_string(r.tx);
}

std::string text_of(const sys::Pause& p) {
  return std::string("autoneg=") + on_off(p.autoneg) + " rx=" + on_off(p.rx) +
         " tx=" + on_off(p.tx);
}

std::string text_of(const sys::Channels& c) {
  return "rx=" + std::to_string(c.rx) + " tx=" + std::to_string(c.tx) +
         " combined=" + std::to_string(c.combined);
}

std::string text_of(const sys::Coalescing& c) {
  return std::string("adaptive-rx=") + on_off(c.adaptive_rx) +
         " adaptive-tx=" + on_off(c.adaptive_tx) + " rx-usecs=" + std::to_string(c.rx_usecs) +
         " rx-frames=" + std::to_string(c.rx_frames) + " tx-usecs=" + std::to_string(c.tx_usecs) +
         " tx-frames=" + std::to_string(c.tx_frames);
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

Result<std::string> read_sysfs(const std::string& device, const std::string& name) {
  Result<std::string> text = std::string();
  auto read = sys::with_sysfs_of("", [&](const std::string& sysfs) -> Result<void> {
    text = sys::read_file(path_of(sysfs, device, name));
    return {};
  });
  if (!read) return read.error();
  return text;
}

Result<void> write_sysfs(const std::string& device, const std::string& name,
                         const std::string& value) {
  return sys::with_sysfs_of("", [&](const std::string& sysfs) {
    return sys::write_file(path_of(sysfs, device, name), value);
  });
}

Result<std::string> read_mtu(const std::string& device) {
  const auto bytes = mtu(device, std::nullopt);
  if (!bytes) return bytes.error();
  return std::to_string(*bytes);
}

// What cannot be the value of a setting is nothing.
using Set = std::optional<Result<void>>;

Set write_mtu(const std::string& device, const std::string& value) {
  const auto bytes = number(value);
  if (!bytes) return std::nullopt;
  const auto r = mtu(device, static_cast<int>(*bytes));
  return r ? Result<void>() : Result<void>(r.error());
}

Set write_rings(const std::string& device, const std::string& value) {
  const auto rx = number(part_of(value, "rx")), tx = number(part_of(value, "tx"));
  if (!rx || !tx) return std::nullopt;
  return sys::set_rings(device, *rx, *tx);
}

Set write_pause(const std::string& device, const std::string& value) {
  const auto on = [&](const char* key) { return part_of(value, key) == "on"; };
  return sys::set_pause(device, {on("autoneg"), on("rx"), on("tx")});
}

Set write_channels(const std::string& device, const std::string& value) {
  const auto count = [&](const char* key) { return number(part_of(value, key)); };
  const auto rx = count("rx"), tx = count("tx"), combined = count("combined");
  if (!rx || !tx || !combined) return std::nullopt;
  return sys::set_channels(device, {*rx, *tx, *combined});
}

Set write_coalescing(const std::string& device, const std::string& value) {
  const auto count = [&](const char* key) { return number(part_of(value, key)); };
  const auto rx = count("rx-usecs"), rx_frames = count("rx-frames"), tx = count("tx-usecs"),
             tx_frames = count("tx-frames");
  if (!rx || !rx_frames || !tx || !tx_frames) return std::nullopt;
  return sys::set_coalescing(
      device, {part_of(value, "adaptive-rx") == "on", part_of(value, "adaptive-tx") == "on", *rx,
               *rx_frames, *tx, *tx_frames});
}

// A reader that gives what an ethtool call reads as text.
template <class T>
std::function<Result<std::string>(const std::string&)> as_text(
    Result<T> (*get)(const std::string&)) {
  return [get](const std::string& device) -> Result<std::string> {
    const auto value = get(device);
    if (!value) return value.error();
    return text_of(*value);
  };
}

struct Setting {
  std::string name;
  std::function<Result<std::string>(const std::string& device)> get;
  std::function<Set(const std::string& device, const std::string& value)> set;
};

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
  return {name, [name](const std::string& device) { return read_sysfs(device, name); },
          [name](const std::string& device, const std::string& value) -> Set {
            return write_sysfs(device, name, value);
          }};
}

Setting by_queue(const std::string& name) {
  return {name, [name](const std::string& device) { return read_queues(device, name); },
          [name](const std::string& device, const std::string& value) -> Set {
            return write_queues(device, name, value);
          }};
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = {
      {"mtu", read_mtu, write_mtu},
      {"rings", as_text(sys::get_rings), write_rings},
      {"pause", as_text(sys::get_pause), write_pause},
      offload("lro", sys::Offload::lro),
      offload("gro", sys::Offload::gro),
      offload("tso", sys::Offload::tso),
      offload("tx-checksum", sys::Offload::tx_checksum),
      {"features", as_text(sys::get_features),
       [](const std::string& device, const std::string& value) -> Set {
         return sys::set_features(device, words_of(value));
       }},
      {"channels", as_text(sys::get_channels), write_channels},
      {"coalescing", as_text(sys::get_coalescing), write_coalescing},
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
    return make_error(ErrorCode::failed,
                      setting + " of " + device + " cannot be \"" + value + "\"");
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
  return json({{"netns", sys::own_netns_number()},
               {"ifindex", ifindex},
               {"setting", setting},
               {"value", value}})
      .dump();
}

Result<void> undo_device_setting(const std::string& device, const std::string& undo_value) {
  const json j = json::parse(undo_value, nullptr, false);
  const auto is = [&](const char* key, auto check) { return j.contains(key) && check(j[key]); };
  const auto count = [](const json& v) { return v.is_number_unsigned(); };
  const auto text = [](const json& v) { return v.is_string(); };
  if (!j.is_object() || !is("netns", count) || !is("ifindex", count) || !is("setting", text) ||
      !is("value", text))
    return make_error(ErrorCode::failed,
                      "the journal's record of " + device + " cannot be read: " + undo_value);
  const auto path = sys::find_netns(j["netns"].get<std::uint64_t>());
  if (!path) return {};
  auto inside = sys::NetnsScope::enter(*path);
  if (!inside) return inside.error();
  // Another device of that name is not the one that was changed.
  if (if_nametoindex(device.c_str()) != j["ifindex"].get<unsigned>()) return {};
  return set_device_setting(device, j["setting"], j["value"]);
}

}  // namespace pktbench::undo
