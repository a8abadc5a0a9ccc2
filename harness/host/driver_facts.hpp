// What is known of drivers and chips from the kernel's sources (to 6.18) and DPDK's releases. It
// explains what the kernel and the installed DPDK answered, and answers nothing itself.
//
// Threads: any. Errors: none; what is not known is an empty text.
#pragma once

#include <string>

namespace pktbench {

// Of a driver of the kernel: "native XDP since Linux 5.10, zero-copy since 6.14".
std::string driver_fact(const std::string& driver);

// Of a chip that an installed DPDK does not know, by its id ("10ec:8125"): which release of DPDK
// does, and where Debian has it. Source: doc.dpdk.org, guides of each release, nics/r8169.
std::string dpdk_release_with(const std::string& pci_id);

}  // namespace pktbench
