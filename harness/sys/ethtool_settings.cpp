// Rings, pause, queues and coalescing: numbers that one command reads and another sets.
#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>

#include <boost/algorithm/string/join.hpp>
#include <boost/lexical_cast/try_lexical_convert.hpp>
#include <tuple>
#include <type_traits>

#include "harness/sys/ethtool.hpp"
#include "harness/sys/ethtool_call.hpp"
#include "harness/sys/file.hpp"

namespace pktbench::sys {

namespace {

// One number: where each way has it, and what it is called as text, where it can be set.
template <class O, class Value, class T>
struct Field {
  using Ours = O;
  using Theirs = T;
  std::uint16_t attribute;
  Value Ours::*ours;
  __u32 Theirs::*theirs;
  const char* key = nullptr;  // null: it cannot be set
};
// Clang 14 makes none for an aggregate by itself.
template <class O, class Value, class T>
Field(int, Value O::*, __u32 T::*, const char* = nullptr) -> Field<O, Value, T>;

template <class First, class... More>
struct Setting {
  using Ours = typename First::Ours;
  using Theirs = typename First::Theirs;
  const char* what;
  std::uint8_t get;
  std::uint8_t set;
  std::uint32_t ioctl_get;
  std::uint32_t ioctl_set;
  std::tuple<First, More...> fields;
};

template <class... Fields>
constexpr Setting<Fields...> setting(const char* what, std::uint8_t get, std::uint8_t set,
                                     std::uint32_t ioctl_get, std::uint32_t ioctl_set,
                                     Fields... fields) {
  return {what, get, set, ioctl_get, ioctl_set, {fields...}};
}

using IoRings = ethtool_ringparam;
constexpr auto kRings =
    setting("ring sizes", ETHTOOL_MSG_RINGS_GET, ETHTOOL_MSG_RINGS_SET, ETHTOOL_GRINGPARAM,
            ETHTOOL_SRINGPARAM, Field{ETHTOOL_A_RINGS_RX, &Rings::rx, &IoRings::rx_pending, "rx"},
            Field{ETHTOOL_A_RINGS_TX, &Rings::tx, &IoRings::tx_pending, "tx"},
            Field{ETHTOOL_A_RINGS_RX_MAX, &Rings::max_rx, &IoRings::rx_max_pending},
            Field{ETHTOOL_A_RINGS_TX_MAX, &Rings::max_tx, &IoRings::tx_max_pending});

using IoPause = ethtool_pauseparam;
constexpr auto kPause =
    setting("pause settings", ETHTOOL_MSG_PAUSE_GET, ETHTOOL_MSG_PAUSE_SET, ETHTOOL_GPAUSEPARAM,
            ETHTOOL_SPAUSEPARAM,
            Field{ETHTOOL_A_PAUSE_AUTONEG, &Pause::autoneg, &IoPause::autoneg, "autoneg"},
            Field{ETHTOOL_A_PAUSE_RX, &Pause::rx, &IoPause::rx_pause, "rx"},
            Field{ETHTOOL_A_PAUSE_TX, &Pause::tx, &IoPause::tx_pause, "tx"});

using IoQueues = ethtool_channels;
constexpr auto kChannels = setting(
    "queues", ETHTOOL_MSG_CHANNELS_GET, ETHTOOL_MSG_CHANNELS_SET, ETHTOOL_GCHANNELS,
    ETHTOOL_SCHANNELS, Field{ETHTOOL_A_CHANNELS_RX_COUNT, &Channels::rx, &IoQueues::rx_count, "rx"},
    Field{ETHTOOL_A_CHANNELS_TX_COUNT, &Channels::tx, &IoQueues::tx_count, "tx"},
    Field{ETHTOOL_A_CHANNELS_COMBINED_COUNT, &Channels::combined, &IoQueues::combined_count,
          "combined"},
    Field{ETHTOOL_A_CHANNELS_RX_MAX, &Channels::max_rx, &IoQueues::max_rx},
    Field{ETHTOOL_A_CHANNELS_TX_MAX, &Channels::max_tx, &IoQueues::max_tx},
    Field{ETHTOOL_A_CHANNELS_COMBINED_MAX, &Channels::max_combined, &IoQueues::max_combined});

using Io = ethtool_coalesce;
constexpr auto kCoalescing = setting(
    "coalescing", ETHTOOL_MSG_COALESCE_GET, ETHTOOL_MSG_COALESCE_SET, ETHTOOL_GCOALESCE,
    ETHTOOL_SCOALESCE,
    Field{ETHTOOL_A_COALESCE_USE_ADAPTIVE_RX, &Coalescing::adaptive_rx,
          &Io::use_adaptive_rx_coalesce, "adaptive-rx"},
    Field{ETHTOOL_A_COALESCE_USE_ADAPTIVE_TX, &Coalescing::adaptive_tx,
          &Io::use_adaptive_tx_coalesce, "adaptive-tx"},
    Field{ETHTOOL_A_COALESCE_RX_USECS, &Coalescing::rx_usecs, &Io::rx_coalesce_usecs, "rx-usecs"},
    Field{ETHTOOL_A_COALESCE_RX_MAX_FRAMES, &Coalescing::rx_frames, &Io::rx_max_coalesced_frames,
          "rx-frames"},
    Field{ETHTOOL_A_COALESCE_TX_USECS, &Coalescing::tx_usecs, &Io::tx_coalesce_usecs, "tx-usecs"},
    Field{ETHTOOL_A_COALESCE_TX_MAX_FRAMES, &Coalescing::tx_frames, &Io::tx_max_coalesced_frames,
          "tx-frames"});

template <class S, class Use>
void each(const S& setting, Use use) {
  std::apply([&](const auto&... field) { (use(field), ...); }, setting.fields);
}

template <class S>
Result<typename S::Ours> netlink_get(const S& setting, const std::string& device) {
  typename S::Ours found;
  const auto read = [&](const Attributes& answer) {
    each(setting, [&](const auto& field) {
      using Value = std::decay_t<decltype(found.*field.ours)>;
      found.*field.ours = static_cast<Value>(u32_or(answer, field.attribute, 0));
    });
  };
  const std::string what = fmt::format("read the {}", setting.what);
  if (auto r = ethtool_netlink(device, setting.get, what, nullptr, read); !r) return r.error();
  return found;
}

// Tells what differs alone: the kernel refuses what the driver has no such setting for.
template <class S>
Result<void> netlink_set(const S& setting, const std::string& device,
                         const typename S::Ours& wanted) {
  const auto now = netlink_get(setting, device);
  if (!now) return now.error();
  const auto fill = [&](nlmsghdr* request) {
    each(setting, [&](const auto& field) {
      const auto value = wanted.*field.ours;
      if (field.key && value != (*now).*field.ours)
        mnl_attr_put(request, field.attribute, sizeof value, &value);
    });
  };
  return ethtool_netlink(device, setting.set, fmt::format("set the {}", setting.what), fill);
}

// The driver's struct.
template <class S>
Result<typename S::Theirs> ioctl_get(const S& setting, const std::string& device) {
  typename S::Theirs theirs{};
  theirs.cmd = setting.ioctl_get;
  if (auto r = ask_ioctl(device, &theirs, setting.what); !r) return r.error();
  return theirs;
}

template <class S>
Result<typename S::Ours> get(const S& setting, const std::string& device) {
  using Found = Result<typename S::Ours>;
  const auto by_ioctl = [&]() -> Found {
    const auto theirs = ioctl_get(setting, device);
    if (!theirs) return theirs.error();
    typename S::Ours found;
    each(setting, [&](const auto& field) {
      using Value = std::decay_t<decltype(found.*field.ours)>;
      found.*field.ours = static_cast<Value>((*theirs).*field.theirs);
    });
    return found;
  };
  return netlink_or_ioctl([&] { return netlink_get(setting, device); }, by_ioctl);
}

template <class S>
Result<void> set(const S& setting, const std::string& device, const typename S::Ours& wanted) {
  const auto by_ioctl = [&]() -> Result<void> {
    auto theirs = ioctl_get(setting, device);
    if (!theirs) return theirs.error();
    theirs->cmd = setting.ioctl_set;
    each(setting, [&](const auto& field) {
      if (field.key) (*theirs).*field.theirs = wanted.*field.ours;
    });
    return ethtool_ioctl(device, &*theirs, fmt::format("set the {}", setting.what));
  };
  return netlink_or_ioctl([&] { return netlink_set(setting, device, wanted); }, by_ioctl);
}

std::string part_text(bool value) { return value ? "on" : "off"; }
std::string part_text(std::uint32_t value) { return fmt::to_string(value); }

bool read_part(const std::string& text, bool& value) {
  value = text == "on";
  return value || text == "off";
}

bool read_part(const std::string& text, std::uint32_t& value) {
  return boost::conversion::try_lexical_convert(text, value) && part_text(value) == text;
}

// "rx" of "rx=256 tx=off".
std::string part_of(const std::string& text, const std::string& key) {
  for (const std::string& part : words_of(text))
    if (part.starts_with(key + "=")) return part.substr(key.size() + 1);
  return {};
}

template <class S>
SettingText text_form(const char* name, const S& setting) {
  const auto get_text = [&setting](const std::string& device) -> Result<std::string> {
    const auto found = get(setting, device);
    if (!found) return found.error();
    std::vector<std::string> parts;
    each(setting, [&](const auto& field) {
      if (field.key)
        parts.push_back(fmt::format("{}={}", field.key, part_text((*found).*field.ours)));
    });
    return boost::join(parts, " ");
  };
  const auto set_text = [&setting](const std::string& device,
                                   const std::string& text) -> Result<void> {
    typename S::Ours wanted;
    bool whole = true;
    each(setting, [&](const auto& field) {
      if (field.key) whole = read_part(part_of(text, field.key), wanted.*field.ours) && whole;
    });
    return whole ? set(setting, device, wanted) : no_such_value();
  };
  return {name, get_text, set_text};
}

}  // namespace

std::vector<SettingText> settings_as_text() {
  return {text_form("rings", kRings), text_form("pause", kPause), text_form("channels", kChannels),
          text_form("coalescing", kCoalescing)};
}

Result<Rings> get_rings(const std::string& device) { return get(kRings, device); }
Result<void> set_rings(const std::string& device, const Rings& rings) {
  return set(kRings, device, rings);
}

Result<Pause> get_pause(const std::string& device) { return get(kPause, device); }
Result<void> set_pause(const std::string& device, const Pause& pause) {
  return set(kPause, device, pause);
}

Result<Channels> get_channels(const std::string& device) { return get(kChannels, device); }
Result<void> set_channels(const std::string& device, const Channels& channels) {
  return set(kChannels, device, channels);
}

Result<Coalescing> get_coalescing(const std::string& device) { return get(kCoalescing, device); }
Result<void> set_coalescing(const std::string& device, const Coalescing& coalescing) {
  return set(kCoalescing, device, coalescing);
}

}  // namespace pktbench::sys
