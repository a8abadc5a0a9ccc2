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

struct Reconciliation {
  DropCounts drops;                            // between the two readings, by place
  std::map<std::string, std::string> missing;  // places whose count is not known, and why
};

// `frames`: how many the device can have seen between the two readings at most. A counter of n
// bits tells apart fewer than 2^n; one that went back was reset. Either makes its place missing. An
// unknown driver has neither places nor missing ones.
Reconciliation reconcile(const std::string& driver, PortEnd end, const DeviceStatistics& before,
                         const DeviceStatistics& after, std::uint64_t frames);

}  // namespace pktbench::measure
