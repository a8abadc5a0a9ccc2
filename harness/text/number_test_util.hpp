// Numbers that tests take from the environment.
#pragma once

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "harness/core/bounds.hpp"

namespace pktbench::test {

// Ends the process where the variable is no number from `least` on: no round at all would find
// nothing.
inline int number_of_environment(const char* name, int usual, int least = 1) {
  const char* given = std::getenv(name);
  if (!given) return usual;
  const std::string_view text(given);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() &&
      inside(value, {least, 100'000'000}))
    return value;
  std::fprintf(stderr, "%s=%s: must be a number from %d to 100000000\n", name, given, least);
  std::exit(2);
}

}  // namespace pktbench::test
