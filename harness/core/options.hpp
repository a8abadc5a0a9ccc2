// Choices that a scenario may set on a backend, generator or testbed, declared beside the thing
// itself so that the parser can refuse what does not exist and name the nearest that does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pktbench {

using OptionValue = std::variant<bool, std::int64_t, double, std::string>;
using Options = std::map<std::string, OptionValue>;

struct OptionSpec {
  std::string name;
  OptionValue default_value;         // also fixes the type
  std::vector<std::string> choices;  // for strings: the values allowed; empty: any
  std::optional<double> min;         // for numbers, inclusive
  std::optional<double> max;
  std::string help;  // one line, with the unit
  // Beside `choices`, every string that this matches as a whole (a regular expression, ECMAScript).
  std::string pattern = {};
};

// A copy, which outlives both arguments.
// REQUIRES: `options` was filled in from specs, so that `name` exists with type T.
template <class T>
T option(const Options& options, const std::string& name) {
  return std::get<T>(options.at(name));
}

}  // namespace pktbench
