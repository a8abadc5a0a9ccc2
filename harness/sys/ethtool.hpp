// A device's own settings and statistics by the ethtool ioctls, in the calling thread's network
// namespace.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "harness/core/result.hpp"

namespace pktbench::sys {

struct DriverInfo {
  std::string driver;    // "ixgbe"
  std::string firmware;  // empty: the driver does not tell
  std::string bus;       // "0000:01:00.0"; empty: the device is on no bus
};
Result<DriverInfo> driver_info(const std::string& device);

enum class Offload { gro, tso, tx_checksum };

// Sets it and reads it back. Errors: `failed` where the device keeps its old setting.
Result<void> set_offload(const std::string& device, Offload offload, bool on);

// The driver's statistics (`ethtool -S`), by the driver's own names; those of the same name, as
// some drivers have one for each queue, are summed.
Result<std::map<std::string, std::uint64_t>> driver_statistics(const std::string& device);

}  // namespace pktbench::sys
