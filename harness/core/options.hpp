// Choices that a scenario may set on a backend, generator or testbed, declared beside the thing
// itself so that the parser can refuse what does not exist and name the nearest that does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace pktbench {

using OptionValue = std::variant<bool, std::int64_t, double, std::string>;
using Options = std::map<std::string, OptionValue>;

struct OptionSpec {
  std::string name;
  OptionValue default_value;                 // also fixes the type
  std::vector<std::string> choices = {};     // for strings: the values allowed; empty: any
  std::optional<double> min = std::nullopt;  // for numbers, inclusive
  std::optional<double> max = std::nullopt;
  std::string help = {};  // one line, with the unit
  // Beside `choices`, every string that this matches as a whole (a regular expression, ECMAScript).
  std::string pattern = {};
};

inline OptionSpec flag_option(std::string name, bool value, std::string help) {
  return {.name = std::move(name), .default_value = value, .help = std::move(help)};
}
// A whole number by an integer `value`, else a real one.
template <class T>
OptionSpec number_option(std::string name, T value, double min, double max, std::string help) {
  using Number = std::conditional_t<std::is_integral_v<T>, std::int64_t, double>;
  return {std::move(name), static_cast<Number>(value), {}, min, max, std::move(help)};
}
inline OptionSpec text_option(std::string name, std::string value, std::string help) {
  return {.name = std::move(name), .default_value = std::move(value), .help = std::move(help)};
}
// The first of the choices is the default.
inline OptionSpec choice_option(std::string name, std::vector<std::string> choices,
                                std::string help) {
  std::string first = choices.front();
  return {std::move(name), std::move(first), std::move(choices), {}, {}, std::move(help)};
}

// A copy, which outlives both arguments.
// REQUIRES: `options` was filled in from specs, so that `name` exists with type T; of a whole
// number T is any type with room for the spec's range.
template <class T>
T option(const Options& options, const std::string& name) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)
    return static_cast<T>(std::get<std::int64_t>(options.at(name)));
  else
    return std::get<T>(options.at(name));
}

}  // namespace pktbench
