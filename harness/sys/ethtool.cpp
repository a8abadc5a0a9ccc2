#include "harness/sys/ethtool.hpp"

#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/net_tstamp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include "harness/sys/ethtool_call.hpp"

namespace pktbench::sys {

namespace {

template <std::size_t N>
std::string fixed_text(const char (&text)[N]) {
  std::string found(text, strnlen(text, N));
  return found == "N/A" ? std::string() : found;
}

// As many as there are; some have no name.
Result<std::vector<std::string>> names_of(const std::string& device, ethtool_stringset set,
                                          const std::string& what) {
  std::array<std::uint64_t, 4> counted{};  // ethtool_sset_info and the one count behind it
  auto* sset = reinterpret_cast<ethtool_sset_info*>(counted.data());
  sset->cmd = ETHTOOL_GSSET_INFO;
  sset->sset_mask = 1ull << set;
  if (auto r = ask_ioctl(device, sset, what); !r) return r.error();
  const std::uint32_t n = sset->sset_mask ? sset->data[0] : 0;
  std::vector<std::uint32_t> buffer((sizeof(ethtool_gstrings) + std::size_t{n} * ETH_GSTRING_LEN) /
                                    4);
  auto* strings = reinterpret_cast<ethtool_gstrings*>(buffer.data());
  *strings = {ETHTOOL_GSTRINGS, static_cast<std::uint32_t>(set), n};
  if (auto r = ask_ioctl(device, strings, what); !r) return r.error();
  const char* text = reinterpret_cast<const char*>(buffer.data()) + sizeof(ethtool_gstrings);
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < n; ++i, text += ETH_GSTRING_LEN)
    names.emplace_back(text, strnlen(text, ETH_GSTRING_LEN));
  return names;
}

// Of netlink's set of bits: those that it lists, with whether each is on. A set without a mask
// lists those that are on, and does not say so.
struct Bit {
  std::uint32_t index;
  std::string name;
  bool on;
};

std::vector<Bit> bits_of(const Attributes& answer, std::uint16_t which) {
  std::vector<Bit> bits;
  const auto set = answer.find(which);
  if (set == answer.end()) return bits;
  const Attributes parts = attributes_in(set->second);
  const auto listed = parts.find(ETHTOOL_A_BITSET_BITS);
  if (listed == parts.end()) return bits;
  for (const nlattr* bit : list_in(listed->second)) {
    const Attributes found = attributes_in(bit);
    bits.push_back({u32_or(found, ETHTOOL_A_BITSET_BIT_INDEX, 0),
                    text_in(found, ETHTOOL_A_BITSET_BIT_NAME),
                    found.contains(ETHTOOL_A_BITSET_BIT_VALUE)});
  }
  return bits;
}

bool bit_in(std::uint32_t word, std::size_t bit) { return (word >> (bit % 32) & 1u) != 0; }

// Of the kernel's name of a link mode, such as "1000baseT/Full"; 0: it names no speed.
unsigned mbps_of(std::string_view mode) {
  unsigned mbps = 0;
  const auto [end, error] = std::from_chars(mode.data(), mode.data() + mode.size(), mbps);
  mode.remove_prefix(static_cast<std::size_t>(end - mode.data()));
  return error == std::errc() && mode.starts_with("base") ? mbps : 0;
}

LinkSpeed link_speed_of(std::uint32_t mbps, std::uint8_t duplex) {
  return {mbps == static_cast<std::uint32_t>(SPEED_UNKNOWN) ? 0 : mbps, duplex == DUPLEX_FULL,
          duplex == DUPLEX_FULL || duplex == DUPLEX_HALF, 0};
}

Result<LinkSpeed> netlink_link_speed(const std::string& device) {
  LinkSpeed found;
  const auto read = [&](const Attributes& answer) {
    found = link_speed_of(
        u32_or(answer, ETHTOOL_A_LINKMODES_SPEED, static_cast<std::uint32_t>(SPEED_UNKNOWN)),
        static_cast<std::uint8_t>(u32_or(answer, ETHTOOL_A_LINKMODES_DUPLEX, DUPLEX_UNKNOWN)));
    for (const Bit& mode : bits_of(answer, ETHTOOL_A_LINKMODES_OURS))
      found.highest_mbps = std::max(found.highest_mbps, mbps_of(mode.name));
  };
  if (auto r = ethtool_netlink(device, ETHTOOL_MSG_LINKMODES_GET, "read the speed", nullptr, read);
      !r)
    return r.error();
  return found;
}

Result<LinkSpeed> ioctl_link_speed(const std::string& device) {
  // The kernel first tells how long its link masks are, as a negative number.
  std::array<std::uint32_t, sizeof(ethtool_link_settings) / 4 + 3 * 127> buffer{};
  auto* link = reinterpret_cast<ethtool_link_settings*>(buffer.data());
  link->cmd = ETHTOOL_GLINKSETTINGS;
  if (auto r = ask_ioctl(device, link, "speed"); !r) return r.error();
  const auto words = static_cast<__s8>(-link->link_mode_masks_nwords);
  if (words > 0) {
    buffer.fill(0);
    link->cmd = ETHTOOL_GLINKSETTINGS;
    link->link_mode_masks_nwords = words;
    if (auto r = ask_ioctl(device, link, "speed"); !r) return r.error();
  }
  LinkSpeed found = link_speed_of(link->speed, link->duplex);
  // A kernel before netlink has no names for its modes.
  const auto modes = names_of(device, ETH_SS_LINK_MODES, "link modes");
  if (!modes || words <= 0) return found;
  const auto* supported = buffer.data() + sizeof(ethtool_link_settings) / 4;
  for (std::size_t i = 0; i < modes->size() && i / 32 < static_cast<std::size_t>(words); ++i)
    if (bit_in(supported[i / 32], i))
      found.highest_mbps = std::max(found.highest_mbps, mbps_of((*modes)[i]));
  return found;
}

// An offload of the device; its number is its place in the list.
struct Feature {
  std::string name;
  bool settable = false;
  bool active = false;
};
using Features = std::vector<Feature>;

Result<Features> netlink_features(const std::string& device) {
  Features found;
  const auto read = [&](const Attributes& answer) {
    for (const Bit& bit : bits_of(answer, ETHTOOL_A_FEATURES_HW)) {
      found.resize(std::max<std::size_t>(found.size(), bit.index + 1));
      found[bit.index] = {bit.name, bit.on, false};
    }
    for (const Bit& bit : bits_of(answer, ETHTOOL_A_FEATURES_NOCHANGE))
      if (bit.index < found.size()) found[bit.index].settable = false;
    for (const Bit& bit : bits_of(answer, ETHTOOL_A_FEATURES_ACTIVE))
      if (bit.index < found.size()) found[bit.index].active = true;
  };
  if (auto r =
          ethtool_netlink(device, ETHTOOL_MSG_FEATURES_GET, "read the offloads", nullptr, read);
      !r)
    return r.error();
  return found;
}

Result<Features> ioctl_features(const std::string& device) {
  const auto names = names_of(device, ETH_SS_FEATURES, "offloads");
  if (!names) return names.error();
  const std::size_t words = (names->size() + 31) / 32;
  std::vector<std::uint32_t> buffer(
      (sizeof(ethtool_gfeatures) + words * sizeof(ethtool_get_features_block)) / 4);
  auto* answer = reinterpret_cast<ethtool_gfeatures*>(buffer.data());
  *answer = {ETHTOOL_GFEATURES, static_cast<std::uint32_t>(words)};
  if (auto r = ask_ioctl(device, answer, "offloads"); !r) return r.error();
  Features found;
  for (std::size_t i = 0; i < names->size(); ++i) {
    const ethtool_get_features_block& block = answer->features[i / 32];
    found.push_back(
        {(*names)[i], bit_in(block.available & ~block.never_changed, i), bit_in(block.active, i)});
  }
  return found;
}

Result<Features> features_of(const std::string& device) {
  return netlink_or_ioctl([&] { return netlink_features(device); },
                          [&] { return ioctl_features(device); });
}

// Those that can be set become as `wanted` has them.
Result<void> change_features(const std::string& device, const Features& wanted) {
  const auto fill = [&](nlmsghdr* request) {
    nlattr* set = mnl_attr_nest_start(request, ETHTOOL_A_FEATURES_WANTED);
    nlattr* bits = mnl_attr_nest_start(request, ETHTOOL_A_BITSET_BITS);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!wanted[i].settable) continue;
      nlattr* bit = mnl_attr_nest_start(request, ETHTOOL_A_BITSET_BITS_BIT);
      mnl_attr_put_u32(request, ETHTOOL_A_BITSET_BIT_INDEX, static_cast<std::uint32_t>(i));
      if (wanted[i].active) mnl_attr_put(request, ETHTOOL_A_BITSET_BIT_VALUE, 0, nullptr);
      mnl_attr_nest_end(request, bit);
    }
    mnl_attr_nest_end(request, bits);
    mnl_attr_nest_end(request, set);
  };
  const auto by_ioctl = [&] {
    const std::size_t words = (wanted.size() + 31) / 32;
    std::vector<std::uint32_t> buffer(
        (sizeof(ethtool_sfeatures) + words * sizeof(ethtool_set_features_block)) / 4);
    auto* order = reinterpret_cast<ethtool_sfeatures*>(buffer.data());
    *order = {ETHTOOL_SFEATURES, static_cast<std::uint32_t>(words)};
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      order->features[i / 32].valid |= std::uint32_t{wanted[i].settable} << (i % 32);
      order->features[i / 32].requested |= std::uint32_t{wanted[i].active} << (i % 32);
    }
    return ethtool_ioctl(device, order, "set the offloads");
  };
  return netlink_or_ioctl(
      [&] { return ethtool_netlink(device, ETHTOOL_MSG_FEATURES_SET, "set the offloads", fill); },
      by_ioctl);
}

// By <net/ethtool/common.c> and <net/ethtool/ioctl.c>: what one word of `ethtool -K` stands for.
const std::vector<std::string_view>& parts_of(Offload offload) {
  static const std::map<Offload, std::vector<std::string_view>> all = {
      {Offload::gro, {"rx-gro"}},
      {Offload::lro, {"rx-lro"}},
      {Offload::tso,
       {"tx-tcp-segmentation", "tx-tcp-ecn-segmentation", "tx-tcp-mangleid-segmentation",
        "tx-tcp6-segmentation"}},
      {Offload::tx_checksum,
       {"tx-checksum-ipv4", "tx-checksum-ip-generic", "tx-checksum-ipv6", "tx-checksum-fcoe-crc",
        "tx-checksum-sctp"}}};
  return all.at(offload);
}

bool is_part(const Feature& feature, Offload offload) {
  const auto& parts = parts_of(offload);
  return std::find(parts.begin(), parts.end(), feature.name) != parts.end();
}

}  // namespace

Result<DriverInfo> driver_info(const std::string& device) {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  if (auto r = ethtool_ioctl(device, &info, "read the driver"); !r) return r.error();
  return DriverInfo{fixed_text(info.driver), fixed_text(info.version), fixed_text(info.fw_version),
                    fixed_text(info.bus_info)};
}

Result<LinkSpeed> get_link_speed(const std::string& device) {
  return netlink_or_ioctl([&] { return netlink_link_speed(device); },
                          [&] { return ioctl_link_speed(device); });
}

Result<bool> get_offload(const std::string& device, Offload offload) {
  const auto features = features_of(device);
  if (!features) return features.error();
  return std::any_of(features->begin(), features->end(),
                     [&](const Feature& f) { return f.active && is_part(f, offload); });
}

Result<void> set_offload(const std::string& device, Offload offload, bool on) {
  auto features = features_of(device);
  if (!features) return features.error();
  for (Feature& feature : *features) {
    feature.settable = feature.settable && is_part(feature, offload);
    feature.active = on;
  }
  if (auto r = change_features(device, *features); !r) return r;
  const auto now = get_offload(device, offload);
  if (!now) return now.error();
  if (*now == on) return {};
  return make_error(ErrorCode::failed, "{} did not take {} {}", device, parts_of(offload).front(),
                    on ? "on" : "off");
}

Result<std::vector<std::uint32_t>> get_features(const std::string& device) {
  const auto features = features_of(device);
  if (!features) return features.error();
  std::vector<std::uint32_t> words((features->size() + 31) / 32);
  for (std::size_t i = 0; i < features->size(); ++i)
    words[i / 32] |= std::uint32_t{(*features)[i].active} << (i % 32);
  return words;
}

Result<void> set_features(const std::string& device, const std::vector<std::uint32_t>& active) {
  auto features = features_of(device);
  if (!features) return features.error();
  features->resize(std::min(features->size(), active.size() * 32));
  for (std::size_t i = 0; i < features->size(); ++i)
    (*features)[i].active = bit_in(active[i / 32], i);
  return change_features(device, *features);
}

Result<std::vector<std::pair<std::string, bool>>> get_offloads(const std::string& device) {
  const auto features = features_of(device);
  if (!features) return features.error();
  std::vector<std::pair<std::string, bool>> offloads;
  for (const Feature& feature : *features)
    if (!feature.name.empty()) offloads.emplace_back(feature.name, feature.active);
  return offloads;
}

Result<std::map<std::string, std::uint64_t>> driver_statistics(const std::string& device) {
  const auto names = names_of(device, ETH_SS_STATS, "statistics");
  if (!names) return names.error();
  std::vector<std::uint64_t> values(sizeof(ethtool_stats) / 8 + names->size());
  auto* stats = reinterpret_cast<ethtool_stats*>(values.data());
  *stats = {ETHTOOL_GSTATS, static_cast<std::uint32_t>(names->size())};
  if (auto r = ask_ioctl(device, stats, "statistics"); !r) return r.error();
  std::map<std::string, std::uint64_t> result;
  for (std::size_t i = 0; i < names->size(); ++i)
    result[(*names)[i]] += values[sizeof(ethtool_stats) / 8 + i];
  return result;
}

Result<bool> get_eee(const std::string& device) {
  ethtool_eee eee{};
  eee.cmd = ETHTOOL_GEEE;
  if (auto r = ask_ioctl(device, &eee, "Energy-Efficient Ethernet"); !r) return r.error();
  return eee.eee_enabled != 0;
}

std::string TimeStamping::no_hardware() const {
  if (!hardware) return "its driver makes none";
  if (!every_frame) return "its driver makes them of PTP frames alone";
  return clock < 0 ? "its driver has no clock that could be read" : "";
}

Result<TimeStamping> time_stamping(const std::string& device) {
  ethtool_ts_info info{};
  info.cmd = ETHTOOL_GET_TS_INFO;
  if (auto r = ask_ioctl(device, &info, "time stamps"); !r) return r.error();
  constexpr std::uint32_t kHardware = SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE;
  return TimeStamping{(info.so_timestamping & SOF_TIMESTAMPING_RX_SOFTWARE) != 0,
                      (info.so_timestamping & kHardware) == kHardware,
                      bit_in(info.rx_filters, HWTSTAMP_FILTER_ALL), info.phc_index};
}

Result<std::string> get_wake_on_lan(const std::string& device) {
  ethtool_wolinfo wake{};
  wake.cmd = ETHTOOL_GWOL;
  if (auto r = ask_ioctl(device, &wake, "wake-on-LAN"); !r) return r.error();
  constexpr std::string_view kLetters = "pumbagsf";  // by bit
  std::string found;
  for (std::size_t bit = 0; bit < kLetters.size(); ++bit)
    if (bit_in(wake.wolopts, bit)) found += kLetters[bit];
  return found.empty() ? "d" : found;
}

}  // namespace pktbench::sys
