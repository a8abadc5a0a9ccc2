// What the options of testbed `nic` set on the host and on its ports. What came of each is noted in
// a port's report; an error is what a trial must not go on with.
//
// Threads: one controlling thread. Ports are set in the calling thread's namespace.
#pragma once

#include <vector>

#include "harness/core/port.hpp"
#include "harness/core/result.hpp"
#include "harness/core/testbed.hpp"
#include "harness/measure/driver_counters.hpp"
#include "harness/testbed/nic_options.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench::testbed {

// Huge pages, and the governor of `cpus`; the journal undoes them. Errors: the journal's.
Result<void> set_host(const NicOptions& options, const std::vector<int>& cpus,
                      undo::Journal& journal, PortReport& report);

// What frames of up to 1518 bytes need, and what the scenario names, before the link is up.
void set_before_up(const NicOptions& options, measure::PortEnd end, PortReport& report);

// What exists only when the link is up. Errors: as of place_interrupts(); `unsupported` where NAPI
// cannot be had in threads and is to be.
Result<void> set_with_carrier(const NicOptions& options, measure::PortEnd end, const Port& port,
                              PortReport& report);

// All interrupts of the port on its CPU. Errors: `refused` at the receiver, unless NAPI is in
// threads: work that goes on where it is not measured would make a cheap packet of a dear one.
Result<void> place_interrupts(const NicOptions& options, measure::PortEnd end, const Port& port,
                              PortReport& report);

}  // namespace pktbench::testbed
