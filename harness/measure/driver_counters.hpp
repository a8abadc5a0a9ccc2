// Where each driver counts the frames it loses: its own names (`ethtool -S`) or those of
// rtnl_link_stats64, and the place that each stands for. Pure functions over one table, but for
// the reading itself.
//
// Drivers: veth, virtio_net, r8169, e1000, e1000e, igb, igc, ixgbe, i40e, ice, mlx5_core, ena,
// vmxnet3, 8139cp.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/core/counters.hpp"
#include "harness/core/result.hpp"

namespace pktbench::measure {

// One reading of a device. A queue's counter has the queue's number in its name.
struct DeviceStatistics {
  std::map<std::string, std::uint64_t> driver;  // `ethtool -S`
  std::map<std::string, std::uint64_t> link;    // those of rtnl_link_stats64 that the table names
};

// In the calling thread's network namespace. A driver without statistics of its own has none.
Result<DeviceStatistics> read_device_statistics(const std::string& device);

enum class PortEnd { receiver, sender };

// Every place the driver counts at, with the absolute sum of its counters, monotonic as long as
// the device is not reset. A place none of whose counters is there is left out.
DropCounts drops_by_place(const std::string& driver, PortEnd end, const DeviceStatistics& now);

// What a port on a wire counts at its MAC: frames that left it, and pause frames that held a sender
// (of the sender's port those it got, of the receiver's those it sent).
inline constexpr const char* kMacSent = "sent";
inline constexpr const char* kMacPaused = "paused";

struct Reconciliation {
  DropCounts drops;                            // between the two readings, by place
  DropCounts beside;                           // of kMacSent and kMacPaused, where it is known
  std::map<std::string, std::string> missing;  // places whose count is not known, and why
  std::vector<std::string> notes;              // what else is to be known of the counts
};

// Places whose counter is so short that it may have wrapped between two readings: their growth is
// known but for a multiple of this.
DropCounts turns_by_place(const std::string& driver, PortEnd end);

// How old what its counters tell may be.
std::uint64_t counts_late_ns(const std::string& driver);

// A counter that went back was reset: what it has since is counted, and noted. An unknown driver
// has neither places nor missing ones.
Reconciliation reconcile(const std::string& driver, PortEnd end, const DeviceStatistics& before,
                         const DeviceStatistics& after);

}  // namespace pktbench::measure
