// The kernel, its memory, its BPF settings and its load, as procfs and sysfs tell. The host's name
// is not among them.
//
// Units: bytes, pages of the default huge page size. Errors: none; gaps are null with the reason in
// `missing`.
#pragma once

#include "harness/host/environment.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

Json kernel_info(const EnvironmentSources& sources, Json& missing);
Json memory_info(const EnvironmentSources& sources, Json& missing);
Json bpf_info(const EnvironmentSources& sources, Json& missing);
Json load_info(const EnvironmentSources& sources, Json& missing);

}  // namespace pktbench
