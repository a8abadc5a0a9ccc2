#include <set>

#include "harness/testbed/doctor_findings.hpp"

namespace pktbench {

namespace {

Finding check_governor(const HostFacts& facts) {
  const char* check = "governor";
  const char* why = "a governor that lowers the clock makes cycles and rates depend on the load";
  if (!facts.governors) return unknown_finding(check, facts.governors.error(), why);
  std::set<std::string> names;
  std::vector<Setting> settings;
  for (const auto& [cpu, governor] : *facts.governors) {
    names.insert(governor);
    std::string path = facts.cpufreq_path;
    path.replace(path.find('%'), 1, std::to_string(cpu));
    if (governor != "performance") settings.push_back({"", path, "performance"});
  }
  std::string seen;
  for (const std::string& name : names) seen += (seen.empty() ? "" : ", ") + name;
  if (settings.empty()) return make_finding(Severity::info, check, seen, why);
  std::string all = facts.cpufreq_path;
  all.replace(all.find('%'), 1, "*");
  Finding found = make_finding(Severity::warn, check, seen, why, "echo performance | tee " + all);
  found.settings = std::move(settings);
  return found;
}

Finding check_turbo(const HostFacts& facts) {
  const char* check = "turbo";
  const char* why = "turbo makes the clock depend on temperature and on what other cores do";
  if (!facts.turbo) return unknown_finding(check, facts.turbo.error(), why);
  if (!*facts.turbo) return make_finding(Severity::info, check, "off", why);
  const bool inverted = facts.turbo_path.ends_with("no_turbo");
  return make_finding(Severity::warn, check, "on", why,
                      std::string("echo ") + (inverted ? "1" : "0") + " > " + facts.turbo_path);
}

Finding check_idle_states(const HostFacts& facts) {
  const char* check = "c-states";
  const char* why = "leaving a deep idle state takes longer than receiving a burst";
  constexpr unsigned kShortUs = 10;
  if (!facts.idle_states) return unknown_finding(check, facts.idle_states.error(), why);
  std::string deep;
  std::string files;
  for (const IdleState& state : *facts.idle_states)
    if (!state.disabled && state.latency_us > kShortUs) {
      deep += (deep.empty() ? "" : ", ") + state.name + " (" + std::to_string(state.latency_us) +
              " us)";
      files += " " + facts.idle_path + "/" + state.folder + "/disable";
    }
  if (deep.empty())
    return make_finding(Severity::info, check,
                        "none above " + std::to_string(kShortUs) + " us is enabled", why);
  return make_finding(Severity::warn, check, "enabled: " + deep, why, "echo 1 | tee" + files);
}

Finding check_smt(const HostFacts& facts) {
  const char* check = "smt";
  const char* why = "two threads of a core share its units: the neighbour's work costs cycles";
  if (!facts.smt) return unknown_finding(check, facts.smt.error(), why);
  if (!*facts.smt) return make_finding(Severity::info, check, "off", why);
  return make_finding(Severity::warn, check, "on", why,
                      "echo off > /sys/devices/system/cpu/smt/control");
}

Finding check_isolation(const HostFacts& facts) {
  const char* check = "isolcpus";
  const char* why = "on a CPU that the scheduler shares, others' work disturbs a trial";
  if (!facts.isolated) return unknown_finding(check, facts.isolated.error(), why);
  const std::string seen = "isolated CPUs: " + sys::cpus_text(*facts.isolated);
  if (!facts.isolated->empty()) return make_finding(Severity::info, check, seen, why);
  return make_finding(Severity::info, check, seen, why,
                      "add isolcpus=CPUS nohz_full=CPUS to the kernel's command line");
}

Finding check_irqbalance(const HostFacts& facts) {
  const char* check = "irqbalance";
  const char* why = "it moves interrupts to other CPUs while a trial goes on";
  if (!facts.irqbalance) return unknown_finding(check, facts.irqbalance.error(), why);
  if (!*facts.irqbalance) return make_finding(Severity::info, check, "not running", why);
  return make_finding(Severity::warn, check, "running", why, "systemctl stop irqbalance");
}

Finding check_huge_pages(const HostFacts& facts) {
  const char* check = "huge-pages";
  const char* why = "DPDK keeps its packet buffers in them; without them it is slower";
  if (!facts.huge_pages_free) return unknown_finding(check, facts.huge_pages_free.error(), why);
  if (!facts.huge_page_kb) return unknown_finding(check, facts.huge_page_kb.error(), why);
  const long mb = *facts.huge_pages_free * *facts.huge_page_kb / 1024;
  const std::string seen = std::to_string(*facts.huge_pages_free) + " free of " +
                           std::to_string(*facts.huge_page_kb) + " kB: " + std::to_string(mb) +
                           " MB";
  constexpr long kEnoughMb = 144;  // what the dpdk backend takes for one queue
  if (mb >= kEnoughMb) return make_finding(Severity::info, check, seen, why);
  const long enough = *facts.huge_page_kb > 0
                          ? (kEnoughMb * 1024 + *facts.huge_page_kb - 1) / *facts.huge_page_kb
                          : kEnoughMb;
  const long taken = facts.huge_pages ? *facts.huge_pages - *facts.huge_pages_free : 0;
  return make_finding(Severity::warn, check, seen, why,
                      "echo " + std::to_string(taken + enough) + " > " + facts.huge_pages_path);
}

Finding check_iommu(const HostFacts& facts) {
  const char* check = "iommu";
  const char* why = "vfio-pci, by which DPDK takes a port safely, needs one";
  if (!facts.iommu_groups) return unknown_finding(check, facts.iommu_groups.error(), why);
  if (*facts.iommu_groups > 0)
    return make_finding(Severity::info, check, std::to_string(*facts.iommu_groups) + " groups",
                        why);
  return make_finding(Severity::warn, check, "no IOMMU groups", why,
                      "add intel_iommu=on iommu=pt (Intel) or iommu=pt (AMD) to the kernel's "
                      "command line, and enable VT-d or AMD-Vi in the firmware");
}

Finding check_jit(const HostFacts& facts) {
  const char* check = "bpf-jit";
  const char* why = "without it XDP programs are interpreted: every figure of theirs is wrong";
  if (!facts.bpf_jit) return unknown_finding(check, facts.bpf_jit.error(), why);
  if (*facts.bpf_jit != 0) return make_finding(Severity::info, check, "on", why);
  Finding found =
      make_finding(Severity::error, check, "off", why, "echo 1 > " + facts.bpf_jit_path);
  found.settings = {{"", facts.bpf_jit_path, "1"}};
  return found;
}

Finding check_mitigations(const HostFacts& facts) {
  const char* check = "mitigations";
  const char* why =
      "mitigations of CPU faults cost cycles in every system call and indirect branch: "
      "compare only hosts that have the same";
  if (!facts.mitigations) return unknown_finding(check, facts.mitigations.error(), why);
  std::string active;
  for (const auto& [name, state] : *facts.mitigations)
    if (state.starts_with("Mitigation")) active += (active.empty() ? "" : ", ") + name;
  return make_finding(Severity::info, check, active.empty() ? "none active" : "active: " + active,
                      why);
}

}  // namespace

std::vector<Finding> check_host(const HostFacts& facts) {
  return {check_governor(facts),   check_turbo(facts),     check_idle_states(facts),
          check_smt(facts),        check_isolation(facts), check_irqbalance(facts),
          check_huge_pages(facts), check_iommu(facts),     check_jit(facts),
          check_mitigations(facts)};
}

}  // namespace pktbench
