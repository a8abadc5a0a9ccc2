// The parts of a run's environment that are of the host: CPUs, kernel, memory, BPF settings and
// load. The host's name is not among them.
//
// Units: bytes, pages of the default huge page size. Errors: none; gaps are null with the reason in
// `missing`.
#pragma once

#include "harness/host/host_facts.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

Json cpu_info(const HostFacts& facts, const HostSources& sources, Json& missing);
Json kernel_info(const HostFacts& facts, const HostSources& sources, Json& missing);
Json memory_info(const HostFacts& facts, Json& missing);
Json bpf_info(const HostFacts& facts, const HostSources& sources, Json& missing);
Json load_info(const HostSources& sources, Json& missing);

}  // namespace pktbench
