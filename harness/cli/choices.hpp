// The commands and options that there are. Of options whose values are names those are checked,
// shown by --help and completed by a shell from one list.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <boost/algorithm/string/split.hpp>
#include <charconv>
#include <string>
#include <vector>

#include "harness/core/bounds.hpp"
#include "harness/core/lookup.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/suggest.hpp"

namespace pktbench::cli {

// One of them, or several by comma. Its description, "{a,b}" or "{a,b},...", is what
// choices_of() reads.
inline CLI::Validator choice(const std::vector<std::string>& names, bool several = false) {
  const auto check = [names, several](const std::string& text) -> std::string {
    std::vector<std::string> given = {text};
    if (several) boost::algorithm::split(given, text, [](char c) { return c == ','; });
    for (const std::string& name : given)
      if (!contains(names, name))
        return "unknown value " + in_quotes(name) + suggestion(name, names);
    return {};
  };
  return {check, "{" + boost::algorithm::join(names, ",") + "}" + (several ? ",..." : "")};
}

using Words = std::vector<std::string>;

inline std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands(std::function<bool(const CLI::App*)>());
}

// "--out", ...
inline Words option_names(const CLI::App& app) {
  Words names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

struct Choices {
  std::vector<std::string> names;
  bool several = false;
};

// None where the option takes anything.
inline Choices choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const auto open = type.find('{');
  const auto close = type.find('}', open);
  if (close == std::string::npos) return {};
  Choices made;
  boost::algorithm::split(made.names, type.substr(open + 1, close - open - 1),
                          [](char c) { return c == ','; });
  made.several = type.compare(close + 1, 4, ",...") == 0;
  return made;
}

// The check of every number on the command line: CLI::Range would let NaN pass.
// Decimal digits only, whatever the locale is. `must`: what it has to be, for the error.
template <class T>
CLI::Validator number_check(const std::string& must, const Bounds& bounds,
                            const std::string& description) {
  const auto check = [=](std::string& text) -> std::string {
    T value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (whole && inside(static_cast<double>(value), bounds)) return {};
    return "must be " + must + ", not " + in_quotes(text);
  };
  return {check, description};
}

inline CLI::Validator number_within(const Bounds& bounds = {}) {
  const std::string range = range_text(bounds);
  return number_check<double>(range, bounds, bounds.min || bounds.max ? range : "");
}

// One that an int holds; what is in bounds, the scenario says.
inline CLI::Validator whole_number() {
  return number_check<int>("a whole number below 2147483648", {}, "");
}

}  // namespace pktbench::cli
