// The check of every number on the command line: CLI::Range would let NaN pass.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <string>

#include "harness/text/input_error.hpp"

namespace pktbench::cli {

// Decimal digits only, whatever the locale is.
inline CLI::Validator number_within(const Bounds& bounds = {}) {
  const auto check = [bounds](std::string& text) -> std::string {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && inside(value, bounds))
      return {};
    return "must be " + range_text(bounds) + ", not " + in_quotes(text);
  };
  return {check, bounds.min || bounds.max ? range_text(bounds) : ""};
}

// One that an int holds; what is in bounds, the scenario says.
inline CLI::Validator whole_number() {
  const auto check = [](std::string& text) -> std::string {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return {};
    return "must be a whole number below 2147483648, not " + in_quotes(text);
  };
  return {check, ""};
}

}  // namespace pktbench::cli
