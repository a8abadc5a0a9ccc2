// The kernel's threads for a device with threaded NAPI: one a queue.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "harness/core/port.hpp"
#include "harness/core/result.hpp"

namespace pktbench::testbed {

// Why this process cannot place NAPI threads on a CPU of two; empty: it can.
std::string probe_napi_threads();

// Softirqs that take too long on one of `cpus` go on in these.
std::vector<pid_t> softirq_threads(const std::vector<int>& cpus);

// Finds them, pins them to the port's first CPU and makes them SCHED_FIFO 1 or SCHED_OTHER.
// Attaching and detaching XDP may have the kernel replace them. Errors: `failed` where there are
// fewer than queues.
Result<std::vector<pid_t>> place_napi_threads(const Port& port, bool fifo);

}  // namespace pktbench::testbed
