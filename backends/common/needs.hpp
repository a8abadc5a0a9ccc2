// What backends need of the host and of a port, and the one sentence for each that is missing.
//
// Threads: any.
#pragma once

#include <bpf/libbpf.h>

#include <cstdint>

#include "harness/core/port.hpp"
#include "harness/core/registry.hpp"
#include "harness/core/result.hpp"

namespace pktbench::backends {

// Of probe(): the capabilities of root; and BPF programs of a type, called `what`.
Unavailable without_root();
Unavailable without_programs(bpf_prog_type type, const char* what);

// Of start(). Errors: `invalid_input`, `unsupported`.
Result<void> needs_cpu(const Port& port);
// `who` takes no more than `most` RX queues.
Result<void> needs_queues(const Port& port, std::uint32_t most, const char* who);

}  // namespace pktbench::backends
