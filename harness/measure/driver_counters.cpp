#include "harness/measure/driver_counters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "harness/sys/ethtool.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::measure {

namespace {

enum class Where { driver, link };
// less: counted by `counter` as well, and no loss. spoils: its growth may be in `counter` or not.
// beside: no loss but what a port on a wire counts at its MAC.
enum class Sign { more, less, spoils, beside };

struct Entry {
  const char* driver;
  PortEnd end;
  const char* place;
  Where where;
  const char* counter;  // '*' stands for a queue's number
  unsigned bits = 64;
  Sign sign = Sign::more;
};

constexpr auto kRx = PortEnd::receiver;
constexpr auto kTx = PortEnd::sender;
constexpr auto kDriver = Where::driver;
constexpr auto kLink = Where::link;
constexpr auto kBeside = Sign::beside;

// nic_no_descriptor: the host gave no buffer in time; nic_buffer: the NIC's own memory was full;
// driver_rx: the driver had the frame and gave it up. Names and meaning are those of the kernel
// source named at each driver (drivers/net/…).
constexpr Entry kEntries[] = {
    // veth.c. A redirected frame that found the peer's ring full; the sender's stack is told of its
    // own and offers them again.
    {"veth", kTx, "veth_ring_full", kDriver, "tx_queue_*_xdp_xmit_errors"},
    {"veth", kRx, "veth_rx", kDriver, "rx_queue_*_drops"},
    // virtio_net.c: virtnet_rq_stats_desc, renamed in 6.10. A frame that XDP dropped is in both.
    {"virtio_net", kRx, "driver_rx", kDriver, "rx_queue_*_drops"},
    {"virtio_net", kRx, "driver_rx", kDriver, "rx_queue_*_xdp_drops", 64, Sign::less},
    {"virtio_net", kRx, "driver_rx", kDriver, "rx*_drops"},
    {"virtio_net", kRx, "driver_rx", kDriver, "rx*_xdp_drops", 64, Sign::less},
    {"virtio_net", kRx, "nic_no_descriptor", kDriver, "rx*_hw_drops"},
    // ethernet/realtek/r8169_main.c: the chip's tally of 16 bits.
    {"r8169", kRx, "nic_no_descriptor", kDriver, "rx_missed", 16},
    // ethernet/intel/e1000/e1000_ethtool.c, e1000e/ethtool.c: stats.mpc.
    {"e1000", kRx, "nic_buffer", kDriver, "rx_missed_errors"},
    {"e1000e", kRx, "nic_buffer", kDriver, "rx_missed_errors"},
    // ethernet/intel/igb/igb_ethtool.c, igc/igc_ethtool.c: stats.mpc, and RQDPC by queue, which the
    // driver reads and adds up every two seconds; the chip's own count may be as short as 12 bits.
    {"igb", kRx, "nic_buffer", kDriver, "rx_missed_errors"},
    {"igb", kRx, "nic_no_descriptor", kDriver, "rx_queue_*_drops"},
    {"igc", kRx, "nic_buffer", kDriver, "rx_missed_errors"},
    {"igc", kRx, "nic_no_descriptor", kDriver, "rx_queue_*_drops"},
    // ethernet/intel/ixgbe/ixgbe_ethtool.c: MPC, and QPRDC of all queues.
    {"ixgbe", kRx, "nic_buffer", kDriver, "rx_missed_errors"},
    {"ixgbe", kRx, "nic_no_descriptor", kDriver, "rx_no_dma_resources"},
    // ethernet/intel/i40e/i40e_ethtool.c: eth.rx_discards of the port, renamed in 6.6.
    {"i40e", kRx, "nic_buffer", kDriver, "port.rx_dropped"},
    {"i40e", kRx, "nic_buffer", kDriver, "port.rx_discards"},
    {"i40e", kRx, "nic_no_descriptor", kDriver, "rx_dropped"},
    // ethernet/intel/ice/ice_ethtool.c: eth.rx_discards of the port, and of the host's function.
    {"ice", kRx, "nic_buffer", kDriver, "rx_dropped.nic"},
    {"ice", kRx, "nic_no_descriptor", kDriver, "rx_dropped"},
    // ethernet/mellanox/mlx5/core/en_stats.c.
    {"mlx5_core", kRx, "nic_buffer", kDriver, "rx_discards_phy"},
    {"mlx5_core", kRx, "nic_no_descriptor", kDriver, "rx_out_of_buffer"},
    // ethernet/amazon/ena/ena_netdev.c: told by the device's keep-alive about once a second, so
    // that it may be of an earlier moment. Newer drivers add what XDP dropped.
    {"ena", kRx, "nic_no_descriptor", kLink, "rx_dropped"},
    {"ena", kRx, "nic_no_descriptor", kDriver, "queue_*_rx_xdp_drop", 64, Sign::spoils},
    // vmxnet3/vmxnet3_ethtool.c. The same name for every queue: their sum.
    {"vmxnet3", kRx, "nic_no_descriptor", kDriver, "pkts rx OOB"},
    {"vmxnet3", kRx, "driver_rx", kDriver, "drv dropped rx total"},
    // ethernet/realtek/8139cp.c: RxMissed of 24 bits, added up at each reading.
    {"8139cp", kRx, "nic_no_descriptor", kLink, "rx_missed_errors", 24},

    // What left the port, and the pause frames that stopped it or with which it stopped the other.
    // Sources as above; of the Intel 1G drivers stats.gptc, .xoffrxc and .xofftxc.
    {"e1000", kTx, kMacSent, kDriver, "tx_packets", 64, kBeside},
    {"e1000", kTx, kMacPaused, kDriver, "rx_flow_control_xoff", 64, kBeside},
    {"e1000", kRx, kMacPaused, kDriver, "tx_flow_control_xoff", 64, kBeside},
    {"e1000e", kTx, kMacSent, kDriver, "tx_packets", 64, kBeside},
    {"e1000e", kTx, kMacPaused, kDriver, "rx_flow_control_xoff", 64, kBeside},
    {"e1000e", kRx, kMacPaused, kDriver, "tx_flow_control_xoff", 64, kBeside},
    {"igb", kTx, kMacSent, kDriver, "tx_packets", 64, kBeside},
    {"igb", kTx, kMacPaused, kDriver, "rx_flow_control_xoff", 64, kBeside},
    {"igb", kRx, kMacPaused, kDriver, "tx_flow_control_xoff", 64, kBeside},
    {"igc", kTx, kMacSent, kDriver, "tx_packets", 64, kBeside},
    {"igc", kTx, kMacPaused, kDriver, "rx_flow_control_xoff", 64, kBeside},
    {"igc", kRx, kMacPaused, kDriver, "tx_flow_control_xoff", 64, kBeside},
    {"ixgbe", kTx, kMacSent, kDriver, "tx_pkts_nic", 64, kBeside},
    {"ixgbe", kTx, kMacPaused, kDriver, "rx_flow_control_xoff", 64, kBeside},
    {"ixgbe", kRx, kMacPaused, kDriver, "tx_flow_control_xoff", 64, kBeside},
    {"i40e", kTx, kMacSent, kDriver, "port.tx_unicast", 64, kBeside},
    {"i40e", kTx, kMacPaused, kDriver, "port.link_xoff_rx", 64, kBeside},
    {"i40e", kRx, kMacPaused, kDriver, "port.link_xoff_tx", 64, kBeside},
    {"ice", kTx, kMacSent, kDriver, "tx_unicast.nic", 64, kBeside},
    {"ice", kTx, kMacPaused, kDriver, "link_xoff_rx.nic", 64, kBeside},
    {"ice", kRx, kMacPaused, kDriver, "link_xoff_tx.nic", 64, kBeside},
    {"mlx5_core", kTx, kMacSent, kDriver, "tx_packets_phy", 64, kBeside},
    {"mlx5_core", kTx, kMacPaused, kDriver, "rx_pause_ctrl_phy", 64, kBeside},
    {"mlx5_core", kRx, kMacPaused, kDriver, "tx_pause_ctrl_phy", 64, kBeside},
    // The chips' tallies, 64 bits wide; they have none of pause frames.
    {"r8169", kTx, kMacSent, kDriver, "tx_packets", 64, kBeside},
    {"8139cp", kTx, kMacSent, kDriver, "tx_ok", 64, kBeside},
};

std::string_view trimmed(std::string_view name) {
  name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
  return name;
}

// '*' matches one or more digits.
bool matches(std::string_view pattern, std::string_view name) {
  const auto star = pattern.find('*');
  if (star == pattern.npos) return name == pattern;
  const std::string_view head = pattern.substr(0, star);
  const std::string_view tail = pattern.substr(star + 1);
  if (name.size() <= head.size() + tail.size()) return false;
  if (!name.starts_with(head) || !name.ends_with(tail)) return false;
  const auto number = name.substr(head.size(), name.size() - head.size() - tail.size());
  return number.find_first_not_of("0123456789") == number.npos;
}

const std::map<std::string, std::uint64_t>& counters(const Entry& e, const DeviceStatistics& s) {
  return e.where == Where::driver ? s.driver : s.link;
}

template <class F>
void each_match(const Entry& e, const DeviceStatistics& statistics, F&& use) {
  for (const auto& [name, value] : counters(e, statistics))
    if (matches(e.counter, trimmed(name))) use(name, value);
}

// How much one counter grew, a short one less whole turns; none where it went back.
std::optional<std::uint64_t> growth(std::uint64_t before, std::uint64_t after, unsigned bits) {
  if (after >= before && bits >= 64) return after - before;
  if (bits >= 64 || before >> bits) return std::nullopt;
  return (after - before) & ((std::uint64_t{1} << bits) - 1);
}

}  // namespace

Result<DeviceStatistics> read_device_statistics(const std::string& device) {
  DeviceStatistics statistics;
  auto driver = sys::driver_statistics(device);
  if (!driver && driver.error().code != ErrorCode::unsupported) return driver.error();
  if (driver) statistics.driver = std::move(*driver);
  auto link = sys::get_link(device);
  if (!link) return link.error();
  statistics.link = {{"rx_packets", link->rx_packets},
                     {"tx_packets", link->tx_packets},
                     {"rx_dropped", link->rx_dropped},
                     {"rx_missed_errors", link->rx_missed_errors}};
  return statistics;
}

DropCounts drops_by_place(const std::string& driver, PortEnd end, const DeviceStatistics& now) {
  DropCounts drops;
  for (const Entry& e : kEntries) {
    if (driver != e.driver || end != e.end) continue;
    if (e.sign == Sign::spoils || e.sign == Sign::beside) continue;
    each_match(e, now, [&](const std::string&, std::uint64_t value) {
      drops[e.place] += e.sign == Sign::less ? -value : value;
    });
  }
  return drops;
}

DropCounts turns_by_place(const std::string& driver, PortEnd end) {
  DropCounts turns;
  for (const Entry& e : kEntries)
    if (driver == e.driver && end == e.end && e.bits < 64)
      turns[e.place] = std::uint64_t{1} << e.bits;
  return turns;
}

// The keep-alive of ena's device comes about once a second.
std::uint64_t counts_late_ns(const std::string& driver) {
  return driver == "ena" ? 1'500'000'000 : 0;
}

Reconciliation reconcile(const std::string& driver, PortEnd end, const DeviceStatistics& before,
                         const DeviceStatistics& after) {
  Reconciliation result;
  for (const Entry& e : kEntries) {
    if (driver != e.driver || end != e.end) continue;
    bool found = false;
    each_match(e, after, [&](const std::string& name, std::uint64_t value) {
      found = true;
      const auto old = counters(e, before).find(name);
      const std::string counter(trimmed(name));
      if (old == counters(e, before).end()) {
        if (e.sign == Sign::beside) return;
        result.missing[e.place] = driver + "'s " + counter + " was not there before";
        return;
      }
      auto grown = growth(old->second, value, e.bits);
      if (!grown) {
        result.notes.push_back(
            fmt::format("{}'s {} went back from {} to {}: the device was reset, and what it "
                        "counted before that and after the last reading is not known",
                        driver, counter, old->second, value));
        // Less than what left the port would make too many of what arrived.
        if (e.sign == Sign::beside) return;
        grown = value;
      }
      if (e.sign == Sign::spoils && *grown)
        result.missing[e.place] =
            driver + " may or may not count what XDP dropped (" + counter + ") among its drops";
      else if (e.sign == Sign::beside)
        result.beside[e.place] += *grown;
      else if (e.sign != Sign::spoils)
        result.drops[e.place] += e.sign == Sign::less ? -*grown : *grown;
    });
    if (!found && e.sign != Sign::beside)
      each_match(e, before, [&](const std::string& name, std::uint64_t) {
        result.missing[e.place] = driver + "'s " + std::string(trimmed(name)) + " has gone";
      });
  }
  for (const auto& [place, reason] : result.missing) result.drops.erase(place);
  return result;
}

}  // namespace pktbench::measure
