#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/cli/commands.hpp"
#include "harness/cli/exit_status.hpp"
#include "harness/cli/registry.hpp"

namespace pktbench::cli {

namespace {

namespace fs = std::filesystem;

struct Entry {
  std::string kind;
  std::string name;
  std::string summary;
  std::string unavailable;  // empty: available
  std::vector<OptionSpec> options;
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

// Scenarios of the working directory's project and of the installation.
void add_scenarios(std::vector<Entry>& entries) {
  for (const char* dir : {"scenarios", PKTBENCH_SCENARIO_DIR}) {
    std::vector<fs::path> files;
    std::error_code ignored;
    for (const auto& file : fs::directory_iterator(dir, ignored))
      if (file.path().extension() == ".json") files.push_back(file.path());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      auto scenario = load_scenario(file.string(), registry(), {});
      if (scenario)
        entries.push_back({"scenario", file.string(), scenario->description, "", {}});
      else
        entries.push_back({"scenario", file.string(), "", scenario.error().message, {}});
    }
    if (!files.empty()) return;  // the checkout's own come before the installed ones
  }
}

void print_text(const std::vector<Entry>& entries) {
  std::string kind;
  for (const Entry& e : entries) {
    if (e.kind != kind) std::printf("%s%ss\n", kind.empty() ? "" : "\n", e.kind.c_str());
    kind = e.kind;
    if (e.unavailable.empty())
      std::printf("  %-26s available    %s\n", e.name.c_str(), e.summary.c_str());
    else
      std::printf("  %-26s unavailable  %s\n", e.name.c_str(), e.unavailable.c_str());
    for (const OptionSpec& o : e.options) {
      std::printf("      %s = %s%s  %s\n", o.name.c_str(), value_text(o.default_value).c_str(),
                  bounds(o).c_str(), o.help.c_str());
    }
  }
}

void print_json(const std::vector<Entry>& entries) {
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
    all.push_back(entry);
  }
  std::printf("%s\n", all.dump(2).c_str());
}

}  // namespace

int list_command(const ListArguments& arguments) {
  std::vector<Entry> entries;
  add(entries, "backend", registry().backends);
  add(entries, "generator", registry().generators);
  add(entries, "testbed", registry().testbeds);
  add_scenarios(entries);
  if (arguments.json)
    print_json(entries);
  else
    print_text(entries);
  return kDone;
}

}  // namespace pktbench::cli
