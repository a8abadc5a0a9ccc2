// What the host was like around a run: CPU, kernel, memory, network devices, BPF, versions, load.
//
// Threads: one; reading a device enters its namespace and returns. Errors: none, nothing aborts:
// what cannot be read is null, with the reason in "missing" under its dotted path. Nothing is
// changed on the host and no process is started.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/core/port.hpp"
#include "harness/core/result.hpp"
#include "harness/host/host_facts.hpp"

namespace pktbench {

struct EnvironmentPort {
  std::string role;  // "generator" or "dut"
  Port port;
};

// What emulates this machine's devices, "QEMU (tcg)", in the guest of `pktbench lab`, which says so
// on its kernel's command line; elsewhere empty.
std::string emulator(const HostSources& sources = {});

nlohmann::ordered_json capture_environment(const std::vector<EnvironmentPort>& ports,
                                           const HostSources& sources = {});

}  // namespace pktbench
