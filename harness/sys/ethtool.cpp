#include "harness/sys/ethtool.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "harness/sys/fd.hpp"

namespace pktbench::sys {

namespace {

Result<void> ethtool(const std::string& device, void* command, const std::string& what) {
  Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return system_error("open a socket", errno);
  ifreq request{};
  if (device.size() >= sizeof request.ifr_name)
    return make_error(ErrorCode::failed, "device name too long: " + device);
  device.copy(request.ifr_name, device.size());
  request.ifr_data = static_cast<char*>(command);
  if (ioctl(socket.get(), SIOCETHTOOL, &request) != 0)
    return system_error(what + " of " + device, errno);
  return {};
}

Result<void> ask(const std::string& device, void* command, const std::string& what) {
  auto r = ethtool(device, command, "read the " + what);
  if (r || r.error().sys_errno != EOPNOTSUPP) return r;
  return make_error(ErrorCode::unsupported,
                    "the driver of " + device + " does not tell its " + what);
}

constexpr std::uint32_t kLro = ETH_FLAG_LRO;

struct OffloadCommands {
  std::uint32_t get;
  std::uint32_t set;
  const char* name;
};

OffloadCommands commands(Offload offload) {
  switch (offload) {
    case Offload::gro:
      return {ETHTOOL_GGRO, ETHTOOL_SGRO, "generic-receive-offload"};
    case Offload::tso:
      return {ETHTOOL_GTSO, ETHTOOL_STSO, "tcp-segmentation-offload"};
    case Offload::lro:  // a bit of them
      return {ETHTOOL_GFLAGS, ETHTOOL_SFLAGS, "large-receive-offload"};
    case Offload::tx_checksum:
      break;
  }
  return {ETHTOOL_GTXCSUM, ETHTOOL_STXCSUM, "tx-checksumming"};
}

template <std::size_t N>
std::string fixed_text(const char (&text)[N]) {
  std::string found(text, strnlen(text, N));
  return found == "N/A" ? std::string() : found;
}

}  // namespace

Result<DriverInfo> driver_info(const std::string& device) {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  if (auto r = ethtool(device, &info, "read the driver"); !r) return r.error();
  return DriverInfo{fixed_text(info.driver), fixed_text(info.version), fixed_text(info.fw_version),
                    fixed_text(info.bus_info)};
}

namespace {

Result<std::uint32_t> flags_of(const std::string& device) {
  ethtool_value value{ETHTOOL_GFLAGS, 0};
  if (auto r = ask(device, &value, "flags"); !r) return r.error();
  return value.data;
}

// Speeds of the link modes of <linux/ethtool.h>, by ranges of their bits.
struct ModeSpeed {
  unsigned first;
  unsigned last;
  unsigned mbps;
};
constexpr ModeSpeed kModes[] = {
    {0, 1, 10},       {2, 3, 100},      {4, 5, 1000},     {12, 12, 10000},  {15, 15, 2500},
    {17, 17, 1000},   {18, 20, 10000},  {21, 22, 20000},  {23, 26, 40000},  {27, 30, 56000},
    {31, 33, 25000},  {34, 35, 50000},  {36, 39, 100000}, {40, 40, 50000},  {41, 41, 1000},
    {42, 46, 10000},  {47, 47, 2500},   {48, 48, 5000},   {52, 56, 50000},  {57, 61, 100000},
    {62, 66, 200000}, {67, 67, 100},    {68, 68, 1000},   {69, 73, 400000}, {75, 79, 100000},
    {80, 84, 200000}, {85, 89, 400000}, {90, 91, 100},
};

unsigned highest_speed(const std::uint32_t* supported, unsigned words) {
  unsigned highest = 0;
  for (const ModeSpeed& mode : kModes)
    for (unsigned bit = mode.first; bit <= mode.last; ++bit)
      if (bit / 32 < words && (supported[bit / 32] >> (bit % 32) & 1u) != 0)
        highest = std::max(highest, mode.mbps);
  return highest;
}

}  // namespace

Result<bool> get_offload(const std::string& device, Offload offload) {
  if (offload == Offload::lro) {
    auto flags = flags_of(device);
    if (!flags) return flags.error();
    return (*flags & kLro) != 0;
  }
  const OffloadCommands c = commands(offload);
  ethtool_value value{c.get, 0};
  if (auto r = ask(device, &value, c.name); !r) return r.error();
  return value.data != 0;
}

Result<LinkSpeed> get_link_speed(const std::string& device) {
  // The kernel first tells how long its link masks are, as a negative number.
  std::array<std::uint32_t, sizeof(ethtool_link_settings) / 4 + 3 * 127> buffer{};
  auto* link = reinterpret_cast<ethtool_link_settings*>(buffer.data());
  link->cmd = ETHTOOL_GLINKSETTINGS;
  if (auto r = ask(device, link, "speed"); !r) return r.error();
  const auto words = static_cast<__s8>(-link->link_mode_masks_nwords);
  if (words > 0) {
    buffer.fill(0);
    link->cmd = ETHTOOL_GLINKSETTINGS;
    link->link_mode_masks_nwords = words;
    if (auto r = ask(device, link, "speed"); !r) return r.error();
  }
  LinkSpeed found;
  if (link->speed != static_cast<std::uint32_t>(SPEED_UNKNOWN)) found.mbps = link->speed;
  found.full_duplex = link->duplex == DUPLEX_FULL;
  found.duplex_known = link->duplex == DUPLEX_FULL || link->duplex == DUPLEX_HALF;
  if (words > 0)
    found.highest_mbps = highest_speed(buffer.data() + sizeof(ethtool_link_settings) / 4,
                                       static_cast<unsigned>(words));
  return found;
}

Result<Rings> get_rings(const std::string& device) {
  ethtool_ringparam p{};
  p.cmd = ETHTOOL_GRINGPARAM;
  if (auto r = ask(device, &p, "ring sizes"); !r) return r.error();
  return Rings{p.rx_pending, p.tx_pending, p.rx_max_pending, p.tx_max_pending};
}

Result<void> set_rings(const std::string& device, const Rings& rings) {
  ethtool_ringparam p{};
  p.cmd = ETHTOOL_GRINGPARAM;
  if (auto r = ask(device, &p, "ring sizes"); !r) return r;
  p.cmd = ETHTOOL_SRINGPARAM;
  p.rx_pending = rings.rx;
  p.tx_pending = rings.tx;
  return ethtool(device, &p, "set the ring sizes");
}

Result<Pause> get_pause(const std::string& device) {
  ethtool_pauseparam p{};
  p.cmd = ETHTOOL_GPAUSEPARAM;
  if (auto r = ask(device, &p, "pause settings"); !r) return r.error();
  return Pause{p.autoneg != 0, p.rx_pause != 0, p.tx_pause != 0};
}

Result<void> set_pause(const std::string& device, const Pause& pause) {
  ethtool_pauseparam p{};
  p.cmd = ETHTOOL_SPAUSEPARAM;
  p.autoneg = pause.autoneg;
  p.rx_pause = pause.rx;
  p.tx_pause = pause.tx;
  return ethtool(device, &p, "set the pause settings");
}

Result<Channels> get_channels(const std::string& device) {
  ethtool_channels c{};
  c.cmd = ETHTOOL_GCHANNELS;
  if (auto r = ask(device, &c, "queues"); !r) return r.error();
  return Channels{c.rx_count, c.tx_count, c.combined_count, c.max_rx, c.max_tx, c.max_combined};
}

Result<void> set_channels(const std::string& device, const Channels& channels) {
  ethtool_channels c{};
  c.cmd = ETHTOOL_GCHANNELS;
  if (auto r = ask(device, &c, "queues"); !r) return r;
  c.cmd = ETHTOOL_SCHANNELS;
  c.rx_count = channels.rx;
  c.tx_count = channels.tx;
  c.combined_count = channels.combined;
  return ethtool(device, &c, "set the number of queues");
}

Result<Coalescing> get_coalescing(const std::string& device) {
  ethtool_coalesce c{};
  c.cmd = ETHTOOL_GCOALESCE;
  if (auto r = ask(device, &c, "coalescing"); !r) return r.error();
  return Coalescing{c.use_adaptive_rx_coalesce != 0,
                    c.use_adaptive_tx_coalesce != 0,
                    c.rx_coalesce_usecs,
                    c.rx_max_coalesced_frames,
                    c.tx_coalesce_usecs,
                    c.tx_max_coalesced_frames};
}

Result<void> set_coalescing(const std::string& device, const Coalescing& coalescing) {
  ethtool_coalesce c{};
  c.cmd = ETHTOOL_GCOALESCE;
  if (auto r = ask(device, &c, "coalescing"); !r) return r;
  c.cmd = ETHTOOL_SCOALESCE;
  c.use_adaptive_rx_coalesce = coalescing.adaptive_rx;
  c.use_adaptive_tx_coalesce = coalescing.adaptive_tx;
  c.rx_coalesce_usecs = coalescing.rx_usecs;
  c.rx_max_coalesced_frames = coalescing.rx_frames;
  c.tx_coalesce_usecs = coalescing.tx_usecs;
  c.tx_max_coalesced_frames = coalescing.tx_frames;
  return ethtool(device, &c, "set the coalescing");
}

namespace {

Result<std::uint32_t> count_strings(const std::string& device, ethtool_stringset set,
                                    const std::string& what) {
  std::array<std::uint64_t, 4> buffer{};  // ethtool_sset_info and the one count behind it
  auto* sset = reinterpret_cast<ethtool_sset_info*>(buffer.data());
  sset->cmd = ETHTOOL_GSSET_INFO;
  sset->sset_mask = 1ull << set;
  if (auto r = ask(device, sset, what); !r) return r.error();
  return sset->sset_mask ? sset->data[0] : 0;
}

// As many as there are; some have no name.
Result<std::vector<std::string>> names_of(const std::string& device, ethtool_stringset set,
                                          const std::string& what) {
  const auto n = count_strings(device, set, what);
  if (!n) return n.error();
  std::vector<std::uint32_t> buffer((sizeof(ethtool_gstrings) + std::size_t{*n} * ETH_GSTRING_LEN) /
                                    4);
  auto* strings = reinterpret_cast<ethtool_gstrings*>(buffer.data());
  *strings = {ETHTOOL_GSTRINGS, static_cast<std::uint32_t>(set), *n};
  if (auto r = ask(device, strings, what); !r) return r.error();
  const char* text = reinterpret_cast<const char*>(buffer.data()) + sizeof(ethtool_gstrings);
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < *n; ++i, text += ETH_GSTRING_LEN)
    names.emplace_back(text, strnlen(text, ETH_GSTRING_LEN));
  return names;
}

Result<std::vector<ethtool_get_features_block>> feature_blocks(const std::string& device) {
  auto n = count_strings(device, ETH_SS_FEATURES, "offloads");
  if (!n) return n.error();
  const std::size_t words = (*n + 31) / 32;
  std::vector<std::uint32_t> buffer(
      (sizeof(ethtool_gfeatures) + words * sizeof(ethtool_get_features_block)) / 4);
  auto* features = reinterpret_cast<ethtool_gfeatures*>(buffer.data());
  *features = {ETHTOOL_GFEATURES, static_cast<std::uint32_t>(words)};
  if (auto r = ask(device, features, "offloads"); !r) return r.error();
  return std::vector<ethtool_get_features_block>(features->features, features->features + words);
}

}  // namespace

Result<std::vector<std::uint32_t>> get_features(const std::string& device) {
  auto blocks = feature_blocks(device);
  if (!blocks) return blocks.error();
  std::vector<std::uint32_t> active;
  for (const ethtool_get_features_block& block : *blocks) active.push_back(block.active);
  return active;
}

Result<std::vector<std::pair<std::string, bool>>> get_offloads(const std::string& device) {
  const auto names = names_of(device, ETH_SS_FEATURES, "offloads");
  if (!names) return names.error();
  const auto words = get_features(device);
  if (!words) return words.error();
  std::vector<std::pair<std::string, bool>> offloads;
  for (std::size_t i = 0; i < names->size() && i / 32 < words->size(); ++i)
    if (!(*names)[i].empty())
      offloads.emplace_back((*names)[i], ((*words)[i / 32] >> (i % 32) & 1u) != 0);
  return offloads;
}

Result<void> set_features(const std::string& device, const std::vector<std::uint32_t>& active) {
  auto blocks = feature_blocks(device);
  if (!blocks) return blocks.error();
  const std::size_t words = std::min(blocks->size(), active.size());
  std::vector<std::uint32_t> buffer(
      (sizeof(ethtool_sfeatures) + words * sizeof(ethtool_set_features_block)) / 4);
  auto* features = reinterpret_cast<ethtool_sfeatures*>(buffer.data());
  *features = {ETHTOOL_SFEATURES, static_cast<std::uint32_t>(words)};
  for (std::size_t i = 0; i < words; ++i) {
    const std::uint32_t can = (*blocks)[i].available & ~(*blocks)[i].never_changed;
    features->features[i] = {can, active[i] & can};
  }
  return ethtool(device, features, "set the offloads");
}

Result<void> set_offload(const std::string& device, Offload offload, bool on) {
  const OffloadCommands c = commands(offload);
  ethtool_value value{c.set, on};
  if (offload == Offload::lro) {
    const auto flags = flags_of(device);
    if (!flags) return flags.error();
    value.data = (*flags & ~kLro) | (on ? kLro : 0);
  }
  if (auto r = ethtool(device, &value, std::string("set ") + c.name); !r) return r;
  const auto now = get_offload(device, offload);
  if (!now) return now.error();
  if (*now == on) return {};
  return make_error(ErrorCode::failed, device + " did not take " + c.name + (on ? " on" : " off"));
}

Result<std::map<std::string, std::uint64_t>> driver_statistics(const std::string& device) {
  const auto names = names_of(device, ETH_SS_STATS, "statistics");
  if (!names) return names.error();
  std::vector<std::uint64_t> values(sizeof(ethtool_stats) / 8 + names->size());
  auto* stats = reinterpret_cast<ethtool_stats*>(values.data());
  *stats = {ETHTOOL_GSTATS, static_cast<std::uint32_t>(names->size())};
  if (auto r = ask(device, stats, "statistics"); !r) return r.error();
  std::map<std::string, std::uint64_t> result;
  for (std::size_t i = 0; i < names->size(); ++i)
    result[(*names)[i]] += values[sizeof(ethtool_stats) / 8 + i];
  return result;
}

}  // namespace pktbench::sys
