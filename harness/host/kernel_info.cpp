#include "harness/host/kernel_info.hpp"

#include <charconv>
#include <sstream>

#include "harness/sys/file.hpp"

namespace pktbench {

namespace {

Result<std::uint64_t> parse_count(const std::string& text, const std::string& where) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || (end != text.data() + text.size() && *end != ' '))
    return make_error(ErrorCode::failed, where + " is no count: \"" + text + "\"");
  return value;
}

Result<std::uint64_t> read_count(const std::string& path) {
  auto text = sys::read_file(path);
  if (!text) return text.error();
  return parse_count(*text, path);
}

// A line "key: value" or "key value" of a procfs table.
Result<std::uint64_t> table_count(const Result<std::string>& table, const std::string& path,
                                  const std::string& key) {
  if (!table) return table.error();
  std::istringstream lines(*table);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key)) continue;
    const auto value = line.find_first_not_of(": \t", key.size());
    if (value == std::string::npos || value == key.size()) continue;
    return parse_count(line.substr(value), std::string(path).append(", ").append(key));
  }
  return make_error(ErrorCode::failed, path + " has no \"" + key + "\"");
}

// What is in force where debugfs is mounted ("full"), or else what the kernel was built with
// ("PREEMPT_DYNAMIC").
Result<std::string> preemption(const EnvironmentSources& sources,
                               const Result<std::string>& version) {
  if (const auto modes = sys::read_file(sources.sysfs + "/kernel/debug/sched/preempt")) {
    const auto open = modes->find('(');
    const auto close = modes->find(')', open == std::string::npos ? 0 : open);
    if (open != std::string::npos && close != std::string::npos)
      return modes->substr(open + 1, close - open - 1);
  }
  if (!version) return version.error();
  std::istringstream words(*version);
  for (std::string word; words >> word;)
    if (word.starts_with("PREEMPT")) return word;
  return std::string("none or voluntary");
}

}  // namespace

Json kernel_info(const EnvironmentSources& sources, Json& missing) {
  Section section("kernel", missing);
  const auto version = sys::read_file(sources.procfs + "/sys/kernel/version");
  section.set("release", sys::read_file(sources.procfs + "/sys/kernel/osrelease"));
  section.set("version", version);
  section.set("cmdline", sys::read_file(sources.procfs + "/cmdline"));
  section.set("clocksource",
              sys::read_file(sources.sysfs +
                             "/devices/system/clocksource/clocksource0/current_clocksource"));
  section.set("preempt", preemption(sources, version));
  return section.take();
}

Json memory_info(const EnvironmentSources& sources, Json& missing) {
  Section section("memory", missing);
  const std::string path = sources.procfs + "/meminfo";
  const auto meminfo = sys::read_file(path);
  const auto set_kb = [&](const char* key, const char* row) {
    if (const auto kb = table_count(meminfo, path, row))
      section.set(key, Json(*kb * 1024));
    else
      section.null(key, kb.error().message);
  };
  set_kb("total_bytes", "MemTotal");
  section.set("hugepages_total", table_count(meminfo, path, "HugePages_Total"));
  set_kb("hugepagesize_bytes", "Hugepagesize");
  return section.take();
}

Json bpf_info(const EnvironmentSources& sources, Json& missing) {
  Section section("bpf", missing);
  section.set("jit_enable", read_count(sources.procfs + "/sys/net/core/bpf_jit_enable"));
  section.set("jit_harden", read_count(sources.procfs + "/sys/net/core/bpf_jit_harden"));
  section.set("stats_enabled", read_count(sources.procfs + "/sys/kernel/bpf_stats_enabled"));
  return section.take();
}

Json load_info(const EnvironmentSources& sources, Json& missing) {
  Section section("load", missing);
  const auto loadavg = sys::read_file(sources.procfs + "/loadavg");
  if (!loadavg) {
    section.null("loadavg", loadavg.error().message);
  } else {
    std::istringstream words(*loadavg);
    double one = 0, five = 0, fifteen = 0;
    if (words >> one >> five >> fifteen)
      section.set("loadavg", Json::array({one, five, fifteen}));
    else
      section.null("loadavg", "/proc/loadavg does not begin with three numbers");
  }
  const std::string path = sources.procfs + "/stat";
  section.set("procs_running", table_count(sys::read_file(path), path, "procs_running"));
  return section.take();
}

}  // namespace pktbench
