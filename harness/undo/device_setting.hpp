// Settings of a network device that can be read, set, read back, and so undone: one text form for
// all, which the undo journal keeps.
//
// Threads: any. Errors: `unsupported` where the driver has no such setting; `failed` where it did
// not take the value.
#pragma once

#include <string>
#include <vector>

#include "harness/core/result.hpp"

namespace pktbench::undo {

// setting  value
// "rings"  "rx=4096 tx=4096", in descriptors
// "pause"  "autoneg=off rx=off tx=off"
// "lro"    "on", "off"
// "mtu"    "1500", in bytes
// "gro"    "on", "off"
// "tso"    "on", "off"
// "tx-checksum"  "on", "off"
// "features"    every offload, as words in hexadecimal
// "channels"    "rx=0 tx=0 combined=4", queues of each kind
// "coalescing"  "adaptive-rx=off adaptive-tx=off rx-usecs=3 rx-frames=0 tx-usecs=3 tx-frames=0"
// "threaded"              "0", "1": NAPI in threads
// "napi_defer_hard_irqs"  "0", empty polls before interrupts are on again
// "gro_flush_timeout"     "0", in nanoseconds
// "udp4-hash", "udp6-hash"  "sdfn", fields that choose the RX queue (harness/sys/rss.hpp)
// "rss-table", "rss-key"  "0,1,0,1", the queue of each part of the hash; the key in hexadecimal
// "irqs"                  "0-1 3", CPUs of each interrupt of the PCI function, in their order
// "rps", "xps"            "rx-0=3 rx-1=0", CPUs of each queue as the kernel writes masks
Result<std::string> get_device_setting(const std::string& device, const std::string& setting);
Result<void> set_device_setting(const std::string& device, const std::string& setting,
                                const std::string& value);

// The journal's form of "as it was": the device by the namespace it is in and its index there.
Result<std::string> device_undo_value(const std::string& device, const std::string& setting,
                                      const std::string& value);

// Sets what such a form says, in the device's namespace wherever that has a name or a process.
// Succeeds where the namespace or the device has gone.
Result<void> undo_device_setting(const std::string& device, const std::string& undo_value);

}  // namespace pktbench::undo
