// A device's own settings and statistics, in the calling thread's network namespace: by ethtool
// netlink (Linux 5.6), by the ioctl where that has none. Both give the same.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/core/result.hpp"

namespace pktbench::sys {

struct DriverInfo {
  std::string driver;    // "ixgbe"
  std::string version;   // empty: the driver does not tell
  std::string firmware;  // empty: the driver does not tell
  std::string bus;       // "0000:01:00.0"; empty: the device is on no bus
};
Result<DriverInfo> driver_info(const std::string& device);

enum class Offload { gro, tso, tx_checksum, lro };

// Sets it and reads it back. Errors: `failed` where the device keeps its old setting.
Result<void> set_offload(const std::string& device, Offload offload, bool on);

Result<bool> get_offload(const std::string& device, Offload offload);

// What follows gives `unsupported` where the driver does not tell.

struct LinkSpeed {
  unsigned mbps = 0;  // 0: not known; the link may be down
  bool full_duplex = false;
  bool duplex_known = false;
  unsigned highest_mbps = 0;  // of the modes that the port supports; 0: it lists none
  bool operator==(const LinkSpeed&) const = default;
};
Result<LinkSpeed> get_link_speed(const std::string& device);

// In descriptors.
struct Rings {
  std::uint32_t rx = 0;
  std::uint32_t tx = 0;
  std::uint32_t max_rx = 0;
  std::uint32_t max_tx = 0;
  bool operator==(const Rings&) const = default;
};
Result<Rings> get_rings(const std::string& device);
Result<void> set_rings(const std::string& device, const Rings& rings);

struct Pause {
  bool autoneg = false;
  bool rx = false;
  bool tx = false;
  bool operator==(const Pause&) const = default;
};
Result<Pause> get_pause(const std::string& device);
Result<void> set_pause(const std::string& device, const Pause& pause);

// All queues of a device by their kind; a combined one receives and sends.
struct Channels {
  std::uint32_t rx = 0;
  std::uint32_t tx = 0;
  std::uint32_t combined = 0;
  std::uint32_t max_rx = 0;
  std::uint32_t max_tx = 0;
  std::uint32_t max_combined = 0;
  std::uint32_t receiving() const { return rx + combined; }
  bool operator==(const Channels&) const = default;
};
Result<Channels> get_channels(const std::string& device);
Result<void> set_channels(const std::string& device, const Channels& channels);

// How long the NIC waits before it interrupts: microseconds and frames; adaptive: it decides.
struct Coalescing {
  bool adaptive_rx = false;
  bool adaptive_tx = false;
  std::uint32_t rx_usecs = 0;
  std::uint32_t rx_frames = 0;
  std::uint32_t tx_usecs = 0;
  std::uint32_t tx_frames = 0;
  bool operator==(const Coalescing&) const = default;
};
Result<Coalescing> get_coalescing(const std::string& device);
Result<void> set_coalescing(const std::string& device, const Coalescing& coalescing);

// A setting in one text form: "rx=256 tx=256", "autoneg=off rx=on tx=on".
struct SettingText {
  std::string name;
  std::function<Result<std::string>(const std::string& device)> get;
  // Errors: `invalid_input` where `text` is no value of it.
  std::function<Result<void>(const std::string& device, const std::string& text)> set;
};
inline Error no_such_value() { return make_error(ErrorCode::invalid_input, "no such value"); }
// "rings", "pause", "channels", "coalescing".
std::vector<SettingText> settings_as_text();

// Every offload of the device, 32 to a word, in the order of this kernel (`ethtool -k`). Setting
// leaves alone what cannot be changed.
Result<std::vector<std::uint32_t>> get_features(const std::string& device);
Result<void> set_features(const std::string& device, const std::vector<std::uint32_t>& active);

// Whether each named offload of the device is on, in the order of this kernel.
Result<std::vector<std::pair<std::string, bool>>> get_offloads(const std::string& device);

// The driver's statistics (`ethtool -S`), by the driver's own names; those of the same name, as
// some drivers have one for each queue, are summed.
Result<std::map<std::string, std::uint64_t>> driver_statistics(const std::string& device);

// Whether Energy-Efficient Ethernet is on: the link sleeps while nothing is sent.
Result<bool> get_eee(const std::string& device);

// The stamps that a device's received frames can have.
struct TimeStamping {
  bool kernel = false;       // when the kernel takes the frame from the driver
  bool hardware = false;     // when the port has it
  bool every_frame = false;  // by the hardware; else of PTP alone
  int clock = -1;            // the hardware's, its PTP device; < 0: none that can be read
  bool operator==(const TimeStamping&) const = default;
  // Why the hardware's are no use for every frame; empty: they are.
  std::string no_hardware() const;
};
Result<TimeStamping> time_stamping(const std::string& device);

// The events that wake the host by this device, ethtool's letters: "g" a magic packet; "d": none.
Result<std::string> get_wake_on_lan(const std::string& device);

}  // namespace pktbench::sys
