#include <algorithm>
#include <boost/algorithm/string/predicate.hpp>
#include <filesystem>

#include "harness/cli/choices.hpp"
#include "harness/cli/pages.hpp"
#include "harness/cli/registry.hpp"
#include "harness/cli/scenario_files.hpp"

namespace pktbench::cli {

namespace {

using Words = std::vector<std::string>;

Words scenario_names() {
  Words names;
  if (const auto files = scenario_files())
    for (const auto& file : *files) names.push_back(file.stem().string());
  return names;
}

Words port_names() {
  Words names;
  std::error_code ignored;
  for (const auto& port : std::filesystem::directory_iterator("/sys/class/net", ignored))
    names.push_back(port.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

template <class T>
Words names_of(const std::vector<T>& types) {
  Words names;
  for (const T& type : types) names.push_back(type.name);
  return names;
}

void add_settings(const std::string& at, const std::vector<OptionSpec>& options, Words& all) {
  for (const OptionSpec& option : options) {
    all.push_back(at + option.name + "=");
    for (const std::string& choice : option.choices) all.push_back(at + option.name + "=" + choice);
  }
}

// What --set may set, and to which names: the value only where its place is typed.
Words settings(const std::string& begun) {
  Words all;
  for (const TestbedType& type : registry().testbeds) add_settings("/testbed/", type.options, all);
  for (const MethodType& type : registry().methods) add_settings("/method/", type.options, all);
  all.push_back("/traffic/generator=");
  for (const std::string& name : names_of(registry().generators))
    all.push_back("/traffic/generator=" + name);
  for (const char* name : {"flows", "frame_size", "rate"})
    all.push_back(std::string("/traffic/") + name + "=");
  const bool value = begun.find('=') != std::string::npos;
  std::erase_if(all, [value](const std::string& word) { return word.ends_with('=') == value; });
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

Words values_of(const CLI::Option& option, const std::string& begun) {
  if (option.check_lname("backend")) return names_of(registry().backends);
  if (option.check_lname("set")) return settings(begun);
  Choices choices = choices_of(option);
  if (choices.several)
    if (const auto comma = begun.rfind(','); comma != std::string::npos)
      for (std::string& name : choices.names) name.insert(0, begun, 0, comma + 1);
  return choices.names;
}

Words shown_option_names(const CLI::App& app) {
  Words names;
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

const CLI::Option* option_called(const CLI::App& app, const std::string& word) {
  for (const CLI::Option* option : app.get_options())
    if (word.starts_with("--") && option->check_lname(word.substr(2)) &&
        option->get_items_expected_max() != 0)
      return option;
  return nullptr;
}

Words positionals(const std::string& command) {
  if (command == "run") return scenario_names();
  if (command == "doctor") return port_names();
  if (command == "list") {
    Words all = scenario_names();
    for (const Words& more : {names_of(registry().backends), names_of(registry().workloads),
                              names_of(registry().generators), names_of(registry().testbeds),
                              names_of(registry().methods)})
      all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  return {};
}

Words candidates(const CLI::App& app, const Words& words) {
  const std::string& begun = words.back();
  const auto commands =
      app.get_subcommands([](const CLI::App* a) { return !a->get_group().empty(); });
  const auto is_called = [&](const std::string& name) {
    return [&name](const CLI::App* command) { return command->get_name() == name; };
  };
  const auto command =
      words.size() < 2 ? commands.end()
                       : std::find_if(commands.begin(), commands.end(), is_called(words.front()));
  if (command == commands.end()) {
    if (begun.starts_with('-')) return shown_option_names(app);
    Words names;
    if (words.size() == 1)
      for (const CLI::App* one : commands) names.push_back(one->get_name());
    return names;
  }
  // What follows is a command line of pktbench again.
  const auto guest = std::find(words.begin(), words.end() - 1, "--");
  if (guest != words.end() - 1 && (*command)->get_name() == "lab")
    return candidates(app, {guest + 1, words.end()});
  if (const CLI::Option* option = option_called(**command, words[words.size() - 2]))
    return values_of(*option, begun);
  if (const auto equals = begun.find('='); begun.starts_with("--") && equals != std::string::npos) {
    const CLI::Option* option = option_called(**command, begun.substr(0, equals));
    Words values = option ? values_of(*option, begun.substr(equals + 1)) : Words();
    for (std::string& value : values) value.insert(0, begun, 0, equals + 1);
    return values;
  }
  return begun.starts_with('-') ? shown_option_names(**command)
                                : positionals((*command)->get_name());
}

}  // namespace

std::vector<std::string> completions(const CLI::App& app, const Words& words) {
  if (words.empty()) return {};
  Words all = candidates(app, words);
  std::erase_if(all, [&](const std::string& word) { return !word.starts_with(words.back()); });
  return all;
}

std::optional<std::string> page(const CLI::App& app, const Words& arguments) {
  if (arguments.empty()) return std::nullopt;
  if (arguments.front() == "--man-page") return man_page(app);
  if (arguments.front() != "--complete") return std::nullopt;
  std::string lines;
  for (const std::string& word : completions(app, {arguments.begin() + 1, arguments.end()}))
    lines += word + "\n";
  return lines;
}

}  // namespace pktbench::cli
