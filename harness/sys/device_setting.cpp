#include "harness/sys/device_setting.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/sys/ethtool.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::sys {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kOwnNamespace = "/proc/thread-self/ns/net";

Result<int> mtu(const std::string& device, std::optional<int> value) {
  Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
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

Result<void> set(const std::string& device, const std::string& setting, const std::string& value) {
  const Error bad =
      make_error(ErrorCode::failed, setting + " of " + device + " cannot be \"" + value + "\"");
  if (setting == "mtu") {
    const auto bytes = number(value);
    if (!bytes) return bad;
    auto r = mtu(device, static_cast<int>(*bytes));
    return r ? Result<void>() : Result<void>(r.error());
  }
  if (setting == "lro") return set_offload(device, Offload::lro, value == "on");
  if (setting == "rings") {
    const auto rx = number(part_of(value, "rx")), tx = number(part_of(value, "tx"));
    return rx && tx ? set_rings(device, *rx, *tx) : Result<void>(bad);
  }
  if (setting == "pause") {
    const auto on = [&](const char* key) { return part_of(value, key) == "on"; };
    return set_pause(device, {on("autoneg"), on("rx"), on("tx")});
  }
  return bad;
}

// A path that enters the namespace with this number; nothing where there is none any more.
std::optional<std::string> find_netns(std::uint64_t number) {
  const auto is = [&](const std::string& path) {
    struct stat info {};
    return stat(path.c_str(), &info) == 0 && info.st_ino == number;
  };
  if (is(kOwnNamespace)) return "";
  std::error_code ec;
  for (fs::directory_iterator it(kNetnsDir, ec), end; !ec && it != end; it.increment(ec))
    if (is(it->path())) return it->path();
  for (fs::directory_iterator it("/proc", ec), end; !ec && it != end; it.increment(ec))
    if (is(it->path() / "ns/net")) return it->path() / "ns/net";
  return std::nullopt;
}

}  // namespace

Result<std::string> get_device_setting(const std::string& device, const std::string& setting) {
  if (setting == "mtu") {
    auto value = mtu(device, std::nullopt);
    if (!value) return value.error();
    return std::to_string(*value);
  }
  if (setting == "lro") {
    auto on = get_offload(device, Offload::lro);
    if (!on) return on.error();
    return std::string(on_off(*on));
  }
  if (setting == "rings") {
    auto rings = get_rings(device);
    if (!rings) return rings.error();
    return "rx=" + std::to_string(rings->rx) + " tx=" + std::to_string(rings->tx);
  }
  if (setting == "pause") {
    auto pause = get_pause(device);
    if (!pause) return pause.error();
    return std::string("autoneg=") + on_off(pause->autoneg) + " rx=" + on_off(pause->rx) +
           " tx=" + on_off(pause->tx);
  }
  return make_error(ErrorCode::failed, "no setting is named \"" + setting + "\"");
}

Result<void> set_device_setting(const std::string& device, const std::string& setting,
                                const std::string& value) {
  if (auto r = set(device, setting, value); !r) return r;
  auto now = get_device_setting(device, setting);
  if (!now) return now.error();
  if (*now != value)
    return make_error(ErrorCode::failed,
                      device + " did not take " + setting + " " + value + ": it has " + *now);
  return {};
}

Result<std::string> device_undo_value(const std::string& device, const std::string& setting,
                                      const std::string& value) {
  struct stat info {};
  if (stat(kOwnNamespace, &info) != 0)
    return system_error(std::string("look at ") + kOwnNamespace, errno);
  const unsigned ifindex = if_nametoindex(device.c_str());
  if (ifindex == 0) return system_error("find device " + device, errno);
  return json(
             {{"netns", info.st_ino}, {"ifindex", ifindex}, {"setting", setting}, {"value", value}})
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
  const auto path = find_netns(j["netns"].get<std::uint64_t>());
  if (!path) return {};
  auto inside = NetnsScope::enter(*path);
  if (!inside) return inside.error();
  // Another device of that name is not the one that was changed.
  if (if_nametoindex(device.c_str()) != j["ifindex"].get<unsigned>()) return {};
  return set_device_setting(device, j["setting"], j["value"]);
}

}  // namespace pktbench::sys
