#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/cli/commands.hpp"
#include "harness/cli/exit_status.hpp"
#include "harness/cli/output.hpp"
#include "harness/cli/registry.hpp"
#include "harness/cli/scenario_files.hpp"
#include "harness/record/json.hpp"
#include "harness/text/clean_text.hpp"

namespace pktbench::cli {

namespace {

namespace fs = std::filesystem;

struct Entry {
  std::string kind;
  std::string name;
  std::string summary;
  std::string unavailable;  // empty: available
  std::vector<OptionSpec> options;
  std::vector<std::string> workloads = {};  // of a backend
};

std::string value_text(const OptionValue& value) {
  if (const auto* b = std::get_if<bool>(&value)) return *b ? "true" : "false";
  if (const auto* i = std::get_if<std::int64_t>(&value)) return std::to_string(*i);
  if (const auto* d = std::get_if<double>(&value)) return fmt::format("{:g}", *d);
  return nlohmann::json(std::get<std::string>(value)).dump();
}

// " (a|b)", " (1 to 256)", " (at least 0)"; empty where everything goes.
std::string bounds(const OptionSpec& o) {
  if (!o.choices.empty()) {
    std::string choices;
    for (const std::string& choice : o.choices) choices += (choices.empty() ? "" : "|") + choice;
    return " (" + choices + (o.pattern.empty() ? "" : ", or matching " + o.pattern) + ")";
  }
  const auto number = [](double n) { return fmt::format("{:g}", n); };
  if (o.min && o.max) return " (" + number(*o.min) + " to " + number(*o.max) + ")";
  if (o.min) return " (at least " + number(*o.min) + ")";
  if (o.max) return " (at most " + number(*o.max) + ")";
  return "";
}

template <class T>
void add(std::vector<Entry>& entries, const std::string& kind, const std::vector<T>& types) {
  for (const T& type : types)
    entries.push_back({kind, type.name, type.summary, type.probe(), type.options});
}

void add_backends(std::vector<Entry>& entries) {
  for (const BackendType& type : registry().backends)
    entries.push_back(
        {"backend", type.name, type.summary, type.probe(), type.options, type.workloads});
}

void add_scenarios(std::vector<Entry>& entries) {
  for (const fs::path& file : scenario_files()) {
    const std::string name = clean_line(file.string());
    auto scenario = load_scenario(file.string(), registry(), {});
    if (scenario)
      entries.push_back({"scenario", name, clean_line(scenario->description), "", {}});
    else
      entries.push_back({"scenario", name, "", scenario.error().message, {}});
  }
}

std::string as_text(const std::vector<Entry>& entries) {
  std::string made;
  std::string kind;
  for (const Entry& e : entries) {
    if (e.kind != kind) made += fmt::format("{}{}s\n", kind.empty() ? "" : "\n", e.kind);
    kind = e.kind;
    made += e.unavailable.empty()
                ? fmt::format("  {:<26} available    {}\n", e.name, e.summary)
                : fmt::format("  {:<26} unavailable  {}\n", e.name, e.unavailable);
    for (const OptionSpec& o : e.options)
      made += fmt::format("      {} = {}{}  {}\n", o.name, value_text(o.default_value), bounds(o),
                          o.help);
  }
  return made;
}

std::string as_json(const std::vector<Entry>& entries) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const Entry& e : entries) {
    nlohmann::ordered_json options = nlohmann::ordered_json::object();
    for (const OptionSpec& o : e.options) {
      nlohmann::ordered_json spec = {{"default", nullptr}, {"help", o.help}};
      std::visit([&](const auto& value) { spec["default"] = value; }, o.default_value);
      if (!o.choices.empty()) spec["choices"] = o.choices;
      if (!o.pattern.empty()) spec["pattern"] = o.pattern;
      if (o.min) spec["min"] = *o.min;
      if (o.max) spec["max"] = *o.max;
      options[o.name] = spec;
    }
    nlohmann::ordered_json entry = {
        {"kind", e.kind},    {"name", e.name},       {"available", e.unavailable.empty()},
        {"reason", nullptr}, {"summary", e.summary}, {"options", options}};
    if (!e.unavailable.empty()) entry["reason"] = e.unavailable;
    if (!e.workloads.empty()) entry["workloads"] = e.workloads;
    all.push_back(entry);
  }
  return dump_json(all, 2) + "\n";
}

}  // namespace

int list_command(const ListArguments& arguments) {
  std::vector<Entry> entries;
  add_backends(entries);
  for (const WorkloadType& type : registry().workloads)
    entries.push_back({"workload", type.name, type.summary, "", {}});
  add(entries, "generator", registry().generators);
  add(entries, "testbed", registry().testbeds);
  for (const MethodType& type : registry().methods)
    entries.push_back({"method", type.name, type.summary, "", type.options});
  add_scenarios(entries);
  return print_result(arguments.json ? as_json(entries) : as_text(entries), kDone);
}

}  // namespace pktbench::cli
