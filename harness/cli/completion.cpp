#include <algorithm>
#include <set>

#include "harness/cli/choices.hpp"
#include "harness/cli/pages.hpp"
#include "harness/cli/registry.hpp"
#include "harness/cli/scenario_files.hpp"
#include "harness/core/lookup.hpp"
#include "harness/sys/file.hpp"

namespace pktbench::cli {

namespace {

Words scenario_names() {
  Words names;
  if (const auto files = scenario_files())
    for (const auto& file : *files) names.push_back(file.stem().string());
  return names;
}

Words port_names() {
  Words names;
  for (const auto& port : sys::entries_of("/sys/class/net")) names.push_back(port.filename());
  std::ranges::sort(names);
  return names;
}

void add_settings(const std::string& at, const std::vector<OptionSpec>& options,
                  std::set<std::string>& all) {
  for (const OptionSpec& option : options) {
    all.insert(at + option.name + "=");
    for (const std::string& choice : option.choices) all.insert(at + option.name + "=" + choice);
  }
}

// What --set may set, and to which names: the value only where its place is typed.
Words settings(const std::string& begun) {
  std::set<std::string> all;
  for (const TestbedType& type : registry().testbeds) add_settings("/testbed/", type.options, all);
  for (const MethodType& type : registry().methods) add_settings("/method/", type.options, all);
  all.insert("/traffic/generator=");
  for (const std::string& name : names_of(registry().generators))
    all.insert("/traffic/generator=" + name);
  for (const char* name : {"flows", "frame_size", "ip", "rate"})
    all.insert(std::string("/traffic/") + name + "=");
  const bool value = begun.find('=') != std::string::npos;
  std::erase_if(all, [value](const std::string& word) { return word.ends_with('=') == value; });
  return {all.begin(), all.end()};
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

const CLI::Option* option_called(const CLI::App& app, const std::string& word) {
  for (const CLI::Option* option : app.get_options())
    if (word.starts_with("--") && option->check_lname(word.substr(2)) &&
        option->get_items_expected_max() != 0)
      return option;
  return nullptr;
}

// `first`: of those of the command.
Words positionals(const CLI::App& app, bool first) {
  const std::string& command = app.get_name();
  for (const CLI::Option* option : app.get_options())
    if (option->get_positional() && first && !choices_of(*option).names.empty())
      return choices_of(*option).names;
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
  const CLI::App* command = nullptr;
  Words commands;
  for (const CLI::App* one : commands_of(app)) {
    commands.push_back(one->get_name());
    if (words.size() > 1 && one->get_name() == words.front()) command = one;
  }
  if (!command && begun.starts_with('-')) return option_names(app);
  if (!command) return words.size() == 1 ? commands : Words();
  // What follows is a command line of pktbench again.
  const auto guest = std::find(words.begin(), words.end() - 1, "--");
  if (guest != words.end() - 1 && command->get_name() == "lab")
    return candidates(app, {guest + 1, words.end()});
  if (const CLI::Option* option = option_called(*command, words[words.size() - 2]))
    return values_of(*option, begun);
  if (const auto equals = begun.find('='); begun.starts_with("--") && equals != std::string::npos) {
    const CLI::Option* option = option_called(*command, begun.substr(0, equals));
    Words values = option ? values_of(*option, begun.substr(equals + 1)) : Words();
    for (std::string& value : values) value.insert(0, begun, 0, equals + 1);
    return values;
  }
  return begun.starts_with('-') ? option_names(*command) : positionals(*command, words.size() == 2);
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
