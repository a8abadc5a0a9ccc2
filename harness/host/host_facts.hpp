// What this host is, gathered in one place: `pktbench doctor` judges it and a run stores it.
//
// Threads: values, no sharing. Errors: each value carries its own; what could not be read is never
// taken for good.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/sys/cpu.hpp"

namespace pktbench {

// Where to look; a test has trees of its own.
struct HostSources {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
  std::function<Result<double>()> tsc_hz = sys::tsc_hz;
  // Folders of DPDK's driver plugins, tried in turn.
  std::vector<std::string> dpdk_drivers = {"/usr/lib/x86_64-linux-gnu/dpdk/pmds-*",
                                           "/usr/local/lib/x86_64-linux-gnu/dpdk/pmds-*",
                                           "/usr/local/lib/dpdk/pmds-*"};
  // SSH_CONNECTION and SSH_CLIENT of this process and its ancestors, and the sockets of sshd.
  bool ssh = true;
};

inline Error not_asked() { return make_error(ErrorCode::unsupported, "was not asked"); }

struct IdleState {
  std::string folder;  // "state2"
  std::string name;
  unsigned latency_us = 0;
  bool disabled = false;
};

struct HostFacts {
  Result<std::vector<int>> cpus = not_asked();      // online
  Result<std::vector<int>> isolated = not_asked();  // by isolcpus
  Result<std::vector<int>> nodes = not_asked();     // NUMA nodes
  // By CPU; the path is where it is set.
  Result<std::map<int, std::string>> governors = not_asked();
  std::string cpufreq_path;  // "/sys/devices/system/cpu/cpu%/cpufreq/scaling_governor"
  Result<bool> turbo = not_asked();
  std::string turbo_path;
  Result<std::vector<IdleState>> idle_states = not_asked();  // of the first CPU
  std::string idle_path;  // "/sys/devices/system/cpu/cpu*/cpuidle"
  Result<bool> smt = not_asked();
  Result<bool> irqbalance = not_asked();
  Result<long> memory_kb = not_asked();
  Result<long> huge_pages = not_asked();  // taken ones among them
  Result<long> huge_pages_free = not_asked();
  Result<long> huge_page_kb = not_asked();
  std::string huge_pages_path;
  Result<long> iommu_groups = not_asked();
  Result<long> bpf_jit = not_asked();
  std::string bpf_jit_path;
  Result<std::map<std::string, std::string>> mitigations = not_asked();
  Result<std::string> kernel = not_asked();
};

// A file with a list of CPUs or nodes.
Result<std::vector<int>> read_cpus(const std::string& path);

HostFacts gather_host_facts(const HostSources& sources = {});

}  // namespace pktbench
