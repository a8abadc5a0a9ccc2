// Keeps all CPUs of this host in the idle state that polls, as long as it is held: a CPU that
// sleeps is woken at a price that depends on how it sleeps, and on a virtual machine on the
// hypervisor. It is a request to the kernel's PM QoS, which forgets it when the process ends,
// however that ends.
//
// Source: the kernel's Documentation/power/pm_qos_interface.rst.
#pragma once

#include <string>

#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::sys {

// Why `cpu` cannot be kept from sleeping; empty: it can. A kernel that has no cpuidle driver, or
// one whose first state does not poll, takes the request and does nothing. `root`: before /sys and
// /dev, for tests.
std::string cannot_poll_when_idle(int cpu, const std::string& root = "");

// Whether somebody on this host holds it now.
bool idle_polling_is_held();

// Held while the descriptor is open. Threads: any. Errors: no such device or no right to it; the
// kernel has not taken it.
Result<Fd> hold_idle_polling();

}  // namespace pktbench::sys
