#include "harness/host/environment.hpp"

#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/version.h>

#include <boost/algorithm/string/join.hpp>
#include <set>
#include <sstream>
#include <string_view>

#include "harness/core/version.hpp"
#include "harness/host/nic_info.hpp"
#include "harness/sys/file.hpp"
#include "harness/text/section.hpp"

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

Json cpu_info(const HostFacts& facts, const HostSources& sources, Json& missing) {
  Section section("cpu", missing);
  const std::string cpu_dir = sources.sysfs + "/devices/system/cpu";
  const std::string cpuinfo = sources.procfs + "/cpuinfo";
  const auto size = [](const std::vector<int>& list) { return list.size(); };
  section.set("model", sys::read_row(cpuinfo, "model name"));
  section.set("count", facts.cpus, size);
  section.set("online", facts.cpus, sys::cpus_text);
  section.set("microcode", sys::read_row(cpuinfo, "microcode"));
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

Json version_info(Json& missing) {
  Section section("versions", missing);
  section.set("libbpf", Json(libbpf_version_string()));
  section.text("libxdp", PKTBENCH_LIBXDP_VERSION, "pkg-config found no libxdp at build time");
  section.text("dpdk", PKTBENCH_DPDK_VERSION, "pkg-config found no libdpdk at build time");
  section.text("clang", build_info().bpf_clang, "the build recorded no clang");
  section.text("compiler", build_info().compiler, "the build recorded no compiler");
  section.set("kernel_headers",
              Json(fmt::format("{}.{}.{}", LINUX_VERSION_CODE >> 16,
                               (LINUX_VERSION_CODE >> 8) & 0xff, LINUX_VERSION_CODE & 0xff)));
  return section.take();
}

}  // namespace

std::string emulator(const HostSources& sources) {
  constexpr std::string_view kKey = "pktbench.lab=";
  const auto command_line = sys::read_file(sources.procfs + "/cmdline");
  for (const std::string& word : sys::words_of(command_line ? *command_line : ""))
    if (word.starts_with(kKey)) return "QEMU (" + word.substr(kKey.size()) + ")";
  return "";
}

Json capture_environment(const std::vector<EnvironmentPort>& ports, const HostSources& sources) {
  const HostFacts facts = gather_host_facts(sources);
  Json missing = Json::object();
  Json made = Json::object();
  if (const std::string made_by = emulator(sources); !made_by.empty()) made["emulator"] = made_by;
  made["cpu"] = cpu_info(facts, sources, missing);
  made["kernel"] = kernel_info(facts, sources, missing);
  made["memory"] = memory_info(facts, missing);
  made["nics"] = Json::array();
  for (const EnvironmentPort& port : ports)
    made["nics"].push_back(
        nic_info(port, sources, fmt::format("nics.{}", made["nics"].size()), missing));
  made["bpf"] = bpf_info(facts, sources, missing);
  made["versions"] = version_info(missing);
  made["load"] = load_info(sources, missing);
  made["missing"] = std::move(missing);
  return made;
}

}  // namespace pktbench
