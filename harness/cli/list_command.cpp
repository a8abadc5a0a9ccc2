#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/cli/commands.hpp"
#include "harness/cli/output.hpp"
#include "harness/cli/registry.hpp"
#include "harness/cli/scenario_files.hpp"
#include "harness/core/lookup.hpp"
#include "harness/record/json.hpp"
#include "harness/text/clean_text.hpp"
#include "harness/text/fit.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/suggest.hpp"

namespace pktbench::cli {

namespace {

namespace fs = std::filesystem;

struct Entry {
  std::string kind;
  std::string name;
  std::string summary;
  std::string unavailable;  // empty: available
  std::vector<OptionSpec> options = {};
  std::vector<std::string> workloads = {};  // of a backend
  bool reads_tag = false;                   // of a backend
  std::string file = {};                    // of a scenario
  std::vector<std::string> cases = {};
};

std::string value_text(const OptionValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return nlohmann::json(*text).dump();
  return std::visit([](const auto& v) { return fmt::format("{}", v); }, value);
}

// " (a|b)", " (1 to 256)", " (at least 0)"; empty where everything goes.
std::string bounds(const OptionSpec& o) {
  if (!o.choices.empty())
    return " (" + boost::algorithm::join(o.choices, "|") +
           (o.pattern.empty() ? "" : ", or matching " + o.pattern) + ")";
  return o.min || o.max ? " (" + range_text({o.min, o.max}) + ")" : "";
}

template <class T>
void add(std::vector<Entry>& entries, const std::string& kind, const std::vector<T>& types) {
  for (const T& type : types) {
    Entry made{kind, type.name, type.summary, ""};
    if constexpr (requires { type.probe; }) made.unavailable = type.probe();
    if constexpr (requires { type.options; }) made.options = type.options;
    if constexpr (requires { type.workloads; }) made.workloads = type.workloads;
    if constexpr (requires { type.reads_tag; }) made.reads_tag = type.reads_tag;
    entries.push_back(std::move(made));
  }
}

void add_scenarios(std::vector<Entry>& entries, const std::vector<fs::path>& files) {
  for (const fs::path& file : files) {
    const std::string name = clean_line(file.stem().string());
    const auto scenario = load_scenario(file.string(), registry(), {});
    Entry made{"scenario", name, "", scenario ? "" : scenario.error().message};
    made.file = clean_line(file.string());
    if (scenario) {
      made.summary = clean_line(scenario->description);
      for (const CaseSpec& spec : scenario->cases) made.cases.push_back(spec.id);
    }
    entries.push_back(std::move(made));
  }
}

std::vector<Entry> everything() {
  std::vector<Entry> entries;
  add(entries, "backend", registry().backends);
  add(entries, "workload", registry().workloads);
  add(entries, "generator", registry().generators);
  add(entries, "testbed", registry().testbeds);
  add(entries, "method", registry().methods);
  if (const auto files = scenario_files())
    add_scenarios(entries, *files);
  else
    report_error(files.error());  // the rest is there all the same
  return entries;
}

// Those of that name, of every kind; all without a name.
Result<std::vector<Entry>> chosen(const std::vector<std::string>& names) {
  const std::vector<Entry> all = everything();
  if (names.empty()) return all;
  std::vector<Entry> made;
  for (const std::string& name : names) {
    if (!find_by_name(all, name))
      return make_error(ErrorCode::invalid_input,
                        "there is no " + in_quotes(name) + suggestion(name, names_of(all)));
    std::ranges::copy_if(all, std::back_inserter(made),
                         [&](const Entry& e) { return e.name == name; });
  }
  return made;
}

std::string what_it_is(const Entry& e) {
  return e.unavailable.empty() ? e.summary : "unavailable: " + e.unavailable;
}

std::string overview(const std::vector<Entry>& entries) {
  std::map<std::string, std::size_t> widths;  // by kind
  for (const Entry& e : entries) widths[e.kind] = std::max(widths[e.kind], display_width(e.name));
  std::string made;
  std::string kind;
  for (const Entry& e : entries) {
    if (e.kind != kind) made += fmt::format("{}{}s\n", kind.empty() ? "" : "\n", e.kind);
    kind = e.kind;
    made += fmt::format("  {:<{}}  {}\n", e.name, widths[kind], what_it_is(e));
  }
  return made + "\nOptions of one, or cases of a scenario: pktbench list NAME\n";
}

std::string details(const Entry& e) {
  std::string made = fmt::format("{} {}\n  {}\n", e.kind, e.name, what_it_is(e));
  if (!e.workloads.empty())
    made += fmt::format("  workloads: {}\n  of each frame it reads: {}\n",
                        boost::algorithm::join(e.workloads, ", "),
                        e.reads_tag ? "the tag, and what the workload asks for"
                                    : "what the workload asks for (drop: nothing)");
  if (!e.file.empty()) made += fmt::format("  file: {}\n", e.file);
  if (!e.cases.empty()) made += "\n  cases\n";
  for (const std::string& id : e.cases) made += fmt::format("    {}\n", clean_line(id));
  if (!e.options.empty()) made += "\n  options\n";
  for (const OptionSpec& o : e.options)
    made += fmt::format("    {} = {}{}\n        {}\n", o.name, value_text(o.default_value),
                        bounds(o), o.help);
  return made;
}

std::string as_text(const std::vector<Entry>& entries) {
  std::string made;
  for (const Entry& e : entries) made += (made.empty() ? "" : "\n") + details(e);
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
    if (!e.workloads.empty()) {
      entry["workloads"] = e.workloads;
      entry["reads_tag"] = e.reads_tag;
    }
    if (!e.file.empty()) entry["file"] = e.file;
    if (!e.cases.empty()) entry["cases"] = e.cases;
    all.push_back(entry);
  }
  return dump_json(all, 2) + "\n";
}

}  // namespace

int list_command(const ListArguments& arguments) {
  const auto entries = chosen(arguments.names);
  if (!entries) return report_error(entries.error());
  if (arguments.json) return print_result(as_json(*entries), kDone);
  const std::string text = arguments.names.empty() ? overview(*entries) : as_text(*entries);
  return print_result(wrapped(text, stdout_terminal().columns), kDone);
}

}  // namespace pktbench::cli
