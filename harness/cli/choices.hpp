// Options whose values are names: checked, shown by --help and completed by a shell, from one list.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <boost/algorithm/string/split.hpp>
#include <string>
#include <vector>

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
      if (std::find(names.begin(), names.end(), name) == names.end())
        return "unknown value " + in_quotes(name) + suggestion(name, names);
    return {};
  };
  return {check, "{" + boost::algorithm::join(names, ",") + "}" + (several ? ",..." : "")};
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

}  // namespace pktbench::cli
