#include "harness/host/cpu_info.hpp"

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <charconv>
#include <filesystem>
#include <set>
#include <sstream>

#include "harness/sys/file.hpp"

namespace pktbench {

namespace {

// The first "key : value" of /proc/cpuinfo.
Result<std::string> cpuinfo_value(const Result<std::string>& cpuinfo, const std::string& key) {
  if (!cpuinfo) return cpuinfo.error();
  std::istringstream lines(*cpuinfo);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto end = line.find_last_not_of(" \t", colon == 0 ? 0 : colon - 1);
    if (end == std::string::npos || line.substr(0, end + 1) != key) continue;
    const auto begin = line.find_first_not_of(" \t", colon + 1);
    if (begin != std::string::npos) return line.substr(begin);
  }
  return make_error(ErrorCode::failed, "/proc/cpuinfo has no \"" + key + "\"");
}

Result<std::vector<int>> read_list(const std::string& path) {
  auto text = sys::read_file(path);
  if (!text) return text.error();
  if (auto list = sys::parse_cpus(*text); list && !list->empty()) return list;
  return make_error(ErrorCode::failed, path + " holds no list: \"" + *text + "\"");
}

// "performance" where all CPUs agree, or every one of them, "performance, powersave".
Result<std::string> governors(const std::string& cpu_dir, const std::vector<int>& online) {
  std::set<std::string> distinct;
  for (const int cpu : online) {
    auto governor =
        sys::read_file(cpu_dir + "/cpu" + std::to_string(cpu) + "/cpufreq/scaling_governor");
    if (!governor) return governor.error();
    distinct.insert(*governor);
  }
  std::string all = boost::algorithm::join(distinct, ", ");
  if (all.empty()) return make_error(ErrorCode::failed, "no CPU is known to be online");
  return all;
}

Result<Json> mitigations(const std::string& dir) {
  std::error_code ec;
  std::filesystem::directory_iterator entries(dir, ec);
  if (ec) return make_error(ErrorCode::failed, "list " + dir + ": " + ec.message());
  std::set<std::string> names;
  for (; entries != std::filesystem::directory_iterator(); entries.increment(ec))
    names.insert(entries->path().filename().string());
  Json found = Json::object();
  for (const std::string& name : names)
    if (auto state = sys::read_file((std::filesystem::path(dir) / name).string()))
      found[name] = *state;
  if (found.empty()) return make_error(ErrorCode::failed, dir + " has no readable entry");
  return found;
}

}  // namespace

Json cpu_info(const EnvironmentSources& sources, Json& missing) {
  Section section("cpu", missing);
  const std::string cpu_dir = sources.sysfs + "/devices/system/cpu";
  const auto cpuinfo = sys::read_file(sources.procfs + "/cpuinfo");
  section.set("model", cpuinfo_value(cpuinfo, "model name"));

  const auto online = read_list(cpu_dir + "/online");
  if (online) {
    section.set("count", Json(online->size()));
    section.set("online", sys::read_file(cpu_dir + "/online"));
  } else {
    section.null("count", online.error().message);
    section.null("online", online.error().message);
  }

  if (const auto flags = cpuinfo_value(cpuinfo, "flags")) {
    std::istringstream words(*flags);
    Json list = Json::array();
    for (std::string word; words >> word;) list.push_back(word);
    section.set("flags", std::move(list));
  } else {
    section.null("flags", flags.error().message);
  }

  section.set("smt", sys::read_file(cpu_dir + "/smt/control"));
  if (const auto active = sys::read_file(cpu_dir + "/smt/active"))
    section.set("smt_active", Json(*active == "1"));
  else
    section.null("smt_active", active.error().message);

  section.set("governor", governors(cpu_dir, online ? *online : std::vector<int>()));
  section.set("mitigations", mitigations(cpu_dir + "/vulnerabilities"));
  const auto hz = sources.tsc_hz();
  section.number("tsc_hz", hz ? std::optional(*hz) : std::nullopt, hz ? "" : hz.error().message);

  const auto nodes = read_list(sources.sysfs + "/devices/system/node/online");
  if (nodes)
    section.set("numa_nodes", Json(nodes->size()));
  else
    section.null("numa_nodes", nodes.error().message);
  return section.take();
}

}  // namespace pktbench
