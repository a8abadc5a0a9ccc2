#include "harness/host/host_facts.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "harness/sys/file.hpp"

namespace pktbench {

namespace fs = std::filesystem;

namespace {

Result<std::vector<fs::path>> entries_of(const std::string& dir) {
  std::error_code ec;
  auto found = sys::entries_of(dir, &ec);
  if (ec) return make_error(ErrorCode::failed, "list " + dir + ": " + ec.message());
  return found;
}

Result<std::map<int, std::string>> governors(const std::string& cpu_dir,
                                             const Result<std::vector<int>>& cpus) {
  if (!cpus) return cpus.error();
  std::map<int, std::string> found;
  for (const int cpu : *cpus) {
    auto governor = sys::read_file(fmt::format("{}/cpu{}/cpufreq/scaling_governor", cpu_dir, cpu));
    if (!governor) return governor.error();
    found[cpu] = *governor;
  }
  return found;
}

void read_turbo(const std::string& cpu_dir, HostFacts& facts) {
  const std::string intel = cpu_dir + "/intel_pstate/no_turbo";
  const std::string generic = cpu_dir + "/cpufreq/boost";
  if (const auto off = sys::read_number(intel)) {
    facts.turbo = *off == 0;
    facts.turbo_path = intel;
  } else if (const auto on = sys::read_number(generic)) {
    facts.turbo = *on != 0;
    facts.turbo_path = generic;
  } else {
    facts.turbo = on.error();
  }
}

Result<std::vector<IdleState>> idle_states(const std::string& dir) {
  auto entries = entries_of(dir);
  if (!entries) return entries.error();
  std::vector<IdleState> states;
  for (const fs::path& entry : *entries) {
    if (!entry.filename().string().starts_with("state")) continue;
    const auto name = sys::read_file(entry / "name");
    const auto latency = sys::read_number(entry / "latency");
    const auto disabled = sys::read_number(entry / "disable");
    if (!name || !latency || !disabled)
      return make_error(ErrorCode::failed, "cannot read all of " + entry.string());
    states.push_back({entry.filename(), *name, static_cast<unsigned>(*latency), *disabled != 0});
  }
  return states;
}

Result<bool> runs(const std::string& procfs, const std::string& name) {
  auto processes = entries_of(procfs);
  if (!processes) return processes.error();
  for (const fs::path& process : *processes)
    if (const auto comm = sys::read_file(process / "comm"); comm && *comm == name) return true;
  return false;
}

Result<std::map<std::string, std::string>> mitigations(const std::string& dir) {
  auto entries = entries_of(dir);
  if (!entries) return entries.error();
  std::map<std::string, std::string> found;
  for (const fs::path& entry : *entries) {
    auto state = sys::read_file(entry);
    if (!state) return state.error();
    found[entry.filename()] = *state;
  }
  return found;
}

}  // namespace

Result<std::vector<int>> read_cpus(const std::string& path) {
  auto text = sys::read_file(path);
  return text ? sys::parse_cpus(*text) : Result<std::vector<int>>(text.error());
}

HostFacts gather_host_facts(const HostSources& sources) {
  HostFacts facts;
  const std::string cpu_dir = sources.sysfs + "/devices/system/cpu";
  facts.cpus = read_cpus(cpu_dir + "/online");
  if (facts.cpus && facts.cpus->empty())
    facts.cpus = make_error(ErrorCode::failed, "no CPU is known to be online");
  facts.isolated = read_cpus(cpu_dir + "/isolated");
  facts.nodes = read_cpus(sources.sysfs + "/devices/system/node/online");
  facts.governors = governors(cpu_dir, facts.cpus);
  facts.cpufreq_path = cpu_dir + "/cpu%/cpufreq/scaling_governor";
  read_turbo(cpu_dir, facts);
  facts.idle_states = idle_states(cpu_dir + "/cpu0/cpuidle");
  const auto smt = sys::read_number(cpu_dir + "/smt/active");
  facts.smt = smt ? Result<bool>(*smt == 1) : Result<bool>(smt.error());
  facts.irqbalance = runs(sources.procfs, "irqbalance");
  facts.idle_path = cpu_dir + "/cpu*/cpuidle";
  const std::string meminfo = sources.procfs + "/meminfo";
  facts.memory_kb = sys::read_number(meminfo, "MemTotal");
  facts.huge_pages = sys::read_number(meminfo, "HugePages_Total");
  facts.huge_pages_path = sources.procfs + "/sys/vm/nr_hugepages";
  facts.huge_pages_free = sys::read_number(meminfo, "HugePages_Free");
  facts.huge_page_kb = sys::read_number(meminfo, "Hugepagesize");
  const auto groups = entries_of(sources.sysfs + "/kernel/iommu_groups");
  facts.iommu_groups =
      groups ? Result<long>(static_cast<long>(groups->size())) : Result<long>(groups.error());
  facts.bpf_jit_path = sources.procfs + "/sys/net/core/bpf_jit_enable";
  facts.bpf_jit = sys::read_number(facts.bpf_jit_path);
  facts.mitigations = mitigations(cpu_dir + "/vulnerabilities");
  facts.kernel = sys::read_file(sources.procfs + "/sys/kernel/osrelease");
  return facts;
}

}  // namespace pktbench
