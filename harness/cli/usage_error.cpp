#include "harness/cli/usage_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/case_conv.hpp>
#include <string>
#include <vector>

#include "harness/cli/choices.hpp"
#include "harness/core/lookup.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/suggest.hpp"

namespace pktbench::cli {

namespace {

bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

// As it was typed, without what is tied to an option by "=".
std::string name_of(const std::string& word) { return word.substr(0, word.find('=')); }

std::string see_help(const std::string& command) { return "; see " + command + " --help"; }

// What no command takes comes before what is only out of place, an option before a word.
std::string first_unknown(const CLI::App& app) {
  const Words extras = app.remaining(true);  // what follows -- comes first, else last first
  const auto option = std::find_if(extras.rbegin(), extras.rend(), [](const std::string& extra) {
    return extra.starts_with('-') && extra != "--";
  });
  if (option != extras.rend()) return *option;
  return extras.empty() ? "" : extras.front();
}

// Null where no command has such an option.
const CLI::App* owner_of(const std::string& option, const CLI::App& app) {
  for (const CLI::App* command : commands_of(app))
    if (contains(option_names(*command), option)) return command;
  return nullptr;
}

std::string unknown_word(const CLI::App& app, const CLI::App& command) {
  const std::string word = first_unknown(app);
  const std::string called = "pktbench " + command.get_name();
  std::string said = fmt::format("{} does not know {}", called, printable(word, 80));
  if (!word.starts_with('-')) return said + see_help(called);
  const std::string option = name_of(word);
  const Words own = option_names(command);
  if (contains(own, option))
    return fmt::format("{}: options of {} come after it, and before --", option, called);
  if (nearest_name(option, own)) return said + suggestion(option, own);
  if (const CLI::App* owner = owner_of(option, app))
    said += ", which is an option of pktbench " + owner->get_name();
  return said + see_help(called);
}

std::string no_command(const CLI::App& app) {
  Words names;
  for (const CLI::App* command : commands_of(app)) names.push_back(command->get_name());
  const Words extras = app.remaining();
  if (extras.empty()) return "which command? " + name_list(names) + "; see pktbench --help";
  const std::string& word = extras.front();
  if (!word.starts_with('-')) return "unknown command " + in_quotes(word) + suggestion(word, names);
  const std::string option = name_of(word);
  if (const CLI::App* owner = owner_of(option, app))
    return fmt::format("{} is an option of pktbench {}: it comes after the command", option,
                       owner->get_name());
  return "pktbench does not know " + printable(word, 80) + suggestion(option, option_names(app));
}

// The option that the library's sentence begins with.
const CLI::Option* option_in(const CLI::App& command, const std::string& sentence) {
  const std::string name = sentence.substr(0, sentence.find_first_of(": "));
  for (const CLI::Option* option : command.get_options())
    if (option->get_name() == name || option->get_name() == "--" + name) return option;
  return nullptr;
}

std::string of_one_option(const CLI::App& command, const CLI::ParseError& error) {
  std::string sentence = error.what();
  const std::string called = "pktbench " + command.get_name();
  const CLI::Option* option = option_in(command, sentence);
  if (option == nullptr) return printable(sentence, 200) + see_help(called);
  const std::string& name = option->get_name();
  if (dynamic_cast<const CLI::RequiredError*>(&error))
    return fmt::format("{} needs {}", called, boost::algorithm::to_upper_copy(name)) +
           see_help(called);
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error)) {
    if (is_flag(*option)) return name + ": takes no value; leave it out";
    if (option->count() > 1)
      return fmt::format("{}: given {} times; give it once", name, option->count());
    return name + ": needs a value" + see_help(called);
  }
  return sentence;  // of a check of ours
}

}  // namespace

void check_all_values(CLI::App& app) {
  const CLI::Validator not_empty(
      [](const std::string& text) { return text.empty() ? "must not be empty" : std::string(); },
      "");
  for (CLI::App* command : app.get_subcommands(std::function<bool(CLI::App*)>()))
    for (CLI::Option* option : command->get_options()) {
      if (is_flag(*option))
        option->disable_flag_override();
      else
        option->transform(not_empty);  // before the option's own checks
    }
}

Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const auto used = app.get_subcommands();
  const auto said = [&] {
    if (used.empty()) return no_command(app);
    if (dynamic_cast<const CLI::ExtrasError*>(&error)) return unknown_word(app, *used.front());
    return of_one_option(*used.front(), error);
  };
  return make_error(ErrorCode::invalid_input, said());
}

}  // namespace pktbench::cli
