// How a device spreads frames over its RX queues (receive-side scaling): which fields of a frame
// its hash takes, and the queue of each part of the hash. As text, as the undo journal keeps it.
//
// Threads: any. Errors: `unsupported` where the driver does not tell, or takes none.
// Source: <linux/ethtool.h>, ETHTOOL_GRXFH and ETHTOOL_GRSSH. Netlink carries them from Linux 6.17
// on alone, so that the ioctl is the one way.
#pragma once

#include <string>

#include "harness/core/result.hpp"

namespace pktbench::sys {

// Of UDP over IPv4 or IPv6, a letter for each field as ethtool -N has them: "sd" the addresses,
// "sdfn" the ports too.
Result<std::string> get_udp_hash(const std::string& device, int ip_version);
Result<void> set_udp_hash(const std::string& device, int ip_version, const std::string& fields);

// "0,1,0,1": the queue of each slot of the table.
Result<std::string> get_rss_table(const std::string& device);
Result<void> set_rss_table(const std::string& device, const std::string& table);

// The hash's key, in hexadecimal.
Result<std::string> get_rss_key(const std::string& device);
Result<void> set_rss_key(const std::string& device, const std::string& key);

}  // namespace pktbench::sys
