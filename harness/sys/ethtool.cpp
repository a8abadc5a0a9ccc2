#include "harness/sys/ethtool.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

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
  return DriverInfo{fixed_text(info.driver), fixed_text(info.fw_version),
                    fixed_text(info.bus_info)};
}

Result<void> set_offload(const std::string& device, Offload offload, bool on) {
  const OffloadCommands c = commands(offload);
  ethtool_value value{c.set, on ? 1u : 0u};
  const std::string what = std::string("set ") + c.name;
  if (auto r = ethtool(device, &value, what); !r) return r;
  value = {c.get, 0};
  if (auto r = ethtool(device, &value, std::string("read ") + c.name); !r) return r;
  if ((value.data != 0) != on)
    return make_error(ErrorCode::failed,
                      device + " did not take " + c.name + (on ? " on" : " off"));
  return {};
}

Result<std::map<std::string, std::uint64_t>> driver_statistics(const std::string& device) {
  std::array<std::uint64_t, 4> buffer{};  // ethtool_sset_info and the one count behind it
  auto* sset = reinterpret_cast<ethtool_sset_info*>(buffer.data());
  sset->cmd = ETHTOOL_GSSET_INFO;
  sset->sset_mask = 1ull << ETH_SS_STATS;
  if (auto r = ethtool(device, sset, "count the statistics"); !r) return r.error();
  const std::uint32_t n = sset->sset_mask ? sset->data[0] : 0;

  std::vector<char> names(sizeof(ethtool_gstrings) + std::size_t{n} * ETH_GSTRING_LEN);
  auto* strings = reinterpret_cast<ethtool_gstrings*>(names.data());
  *strings = {ETHTOOL_GSTRINGS, ETH_SS_STATS, n};
  if (auto r = ethtool(device, strings, "read the names of statistics"); !r) return r.error();

  std::vector<std::uint64_t> values(sizeof(ethtool_stats) / 8 + n);
  auto* stats = reinterpret_cast<ethtool_stats*>(values.data());
  *stats = {ETHTOOL_GSTATS, n};
  if (auto r = ethtool(device, stats, "read the statistics"); !r) return r.error();

  std::map<std::string, std::uint64_t> result;
  for (std::uint32_t i = 0; i < n; ++i) {
    const char* name = names.data() + sizeof(ethtool_gstrings) + std::size_t{i} * ETH_GSTRING_LEN;
    result[std::string(name, strnlen(name, ETH_GSTRING_LEN))] +=
        values[sizeof(ethtool_stats) / 8 + i];
  }
  return result;
}

}  // namespace pktbench::sys
