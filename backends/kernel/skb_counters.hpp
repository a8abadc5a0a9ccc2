// What the BPF programs of this folder have in common.
#pragma once

#include <string>

#include "harness/core/counters.hpp"
#include "harness/core/result.hpp"

namespace pktbench::kernel {

// Sums a per-CPU map of PB_QUEUE_SLOTS counters. `cpus`: sys::possible_cpus(). per_queue is filled
// in where `queues` is 1, or where `queue_is_recorded` (by the driver, in each skb) and all frames
// have it; else it is left empty. No drops: frames end where they are counted.
Result<Counters> read_skb_counters(int map, int cpus, unsigned queues, bool queue_is_recorded);

// The program's id, and whether it was compiled.
struct ProgramInfo {
  unsigned id = 0;
  bool jited = false;
};
Result<ProgramInfo> program_info(int program);

// The name of the device's driver, in the calling thread's network namespace; empty where it does
// not tell.
std::string driver_name(const std::string& device);

// Frames that cross a veth carry the sender's queue, or none, in the place of the receiver's.
inline bool records_rx_queue(const std::string& driver) {
  return !driver.empty() && driver != "veth";
}

}  // namespace pktbench::kernel
