// Settings of a network device that can be read, set, read back, and so undone: one text form for
// all, which the undo journal keeps.
//
// Threads: any. Errors: `unsupported` where the driver has no such setting; `failed` where it did
// not take the value.
#pragma once

#include <string>
#include <vector>

#include "harness/core/result.hpp"

namespace pktbench::sys {

// setting  value
// "rings"  "rx=4096 tx=4096", in descriptors
// "pause"  "autoneg=off rx=off tx=off"
// "lro"    "on", "off"
// "mtu"    "1500", in bytes
Result<std::string> get_device_setting(const std::string& device, const std::string& setting);
Result<void> set_device_setting(const std::string& device, const std::string& setting,
                                const std::string& value);

// The journal's form of "as it was": the device by the namespace it is in and its index there.
Result<std::string> device_undo_value(const std::string& device, const std::string& setting,
                                      const std::string& value);

// Sets what such a form says, in the device's namespace wherever that has a name or a process.
// Succeeds where the namespace or the device has gone.
Result<void> undo_device_setting(const std::string& device, const std::string& undo_value);

}  // namespace pktbench::sys
