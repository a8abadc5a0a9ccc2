#include "harness/host/host_info.hpp"

#include <boost/algorithm/string/join.hpp>
#include <set>
#include <sstream>

#include "harness/sys/file.hpp"

namespace pktbench {

namespace {

// "performance" where all CPUs agree, or every one of them, "performance, powersave".
std::string distinct(const std::map<int, std::string>& governors) {
  std::set<std::string> names;
  for (const auto& [cpu, governor] : governors) names.insert(governor);
  return boost::algorithm::join(names, ", ");
}

// What is in force where debugfs is mounted ("full"), or else what the kernel was built with
// ("PREEMPT_DYNAMIC").
Result<std::string> preemption(const HostSources& sources, const Result<std::string>& version) {
  if (const auto modes = sys::read_file(sources.sysfs + "/kernel/debug/sched/preempt")) {
    const auto open = modes->find('(');
    const auto close = modes->find(')', open == std::string::npos ? 0 : open);
    if (open != std::string::npos && close != std::string::npos)
      return modes->substr(open + 1, close - open - 1);
  }
  if (!version) return version.error();
  for (const std::string& word : sys::words_of(*version))
    if (word.starts_with("PREEMPT")) return word;
  return std::string("none or voluntary");
}

}  // namespace

Json cpu_info(const HostFacts& facts, const HostSources& sources, Json& missing) {
  Section section("cpu", missing);
  const std::string cpu_dir = sources.sysfs + "/devices/system/cpu";
  const std::string cpuinfo = sources.procfs + "/cpuinfo";
  const auto size = [](const std::vector<int>& list) { return list.size(); };
  section.set("model", sys::read_row(cpuinfo, "model name"));
  section.set("count", facts.cpus, size);
  section.set("online", facts.cpus, sys::cpus_text);
  section.set("flags", sys::read_row(cpuinfo, "flags"), sys::words_of);
  section.set("smt", sys::read_file(cpu_dir + "/smt/control"));
  section.set("smt_active", facts.smt);
  section.set("governor", facts.governors, distinct);
  section.set("mitigations", facts.mitigations);
  section.set("tsc_hz", sources.tsc_hz());
  section.set("numa_nodes", facts.nodes, size);
  return section.take();
}

Json kernel_info(const HostFacts& facts, const HostSources& sources, Json& missing) {
  Section section("kernel", missing);
  const auto version = sys::read_file(sources.procfs + "/sys/kernel/version");
  section.set("release", facts.kernel);
  section.set("version", version);
  section.set("cmdline", sys::read_file(sources.procfs + "/cmdline"));
  section.set("clocksource",
              sys::read_file(sources.sysfs +
                             "/devices/system/clocksource/clocksource0/current_clocksource"));
  section.set("preempt", preemption(sources, version));
  return section.take();
}

Json memory_info(const HostFacts& facts, Json& missing) {
  Section section("memory", missing);
  const auto bytes = [](long kb) { return kb * 1024; };
  section.set("total_bytes", facts.memory_kb, bytes);
  section.set("hugepages_total", facts.huge_pages);
  section.set("hugepagesize_bytes", facts.huge_page_kb, bytes);
  return section.take();
}

Json bpf_info(const HostFacts& facts, const HostSources& sources, Json& missing) {
  Section section("bpf", missing);
  section.set("jit_enable", facts.bpf_jit);
  section.set("jit_harden", sys::read_number(sources.procfs + "/sys/net/core/bpf_jit_harden"));
  section.set("stats_enabled", sys::read_number(sources.procfs + "/sys/kernel/bpf_stats_enabled"));
  return section.take();
}

Json load_info(const HostSources& sources, Json& missing) {
  Section section("load", missing);
  const auto loadavg = sys::read_file(sources.procfs + "/loadavg");
  std::istringstream words(loadavg ? *loadavg : "");
  double one = 0, five = 0, fifteen = 0;
  if (words >> one >> five >> fifteen)
    section.set("loadavg", Json::array({one, five, fifteen}));
  else
    section.null("loadavg", loadavg ? "/proc/loadavg does not begin with three numbers"
                                    : loadavg.error().message);
  section.set("procs_running", sys::read_number(sources.procfs + "/stat", "procs_running"));
  return section.take();
}

}  // namespace pktbench
