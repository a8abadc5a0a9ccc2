// One line that says what is wrong with something the user gave: "where: /json/pointer: problem".
// Text from outside is made fit for a terminal first, so that no input can break the line, move the
// cursor or fill the screen.
//
// Threads: none. Lengths are in bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "harness/core/bounds.hpp"
#include "harness/core/result.hpp"

namespace pktbench {

// Longer parts of a line are cut, so that a line always stays below 500 bytes.
inline constexpr std::size_t kMaxWhere = 180;
inline constexpr std::size_t kMaxPointer = 80;
inline constexpr std::size_t kMaxProblem = 230;

// Offset of the first byte that is not part of well-formed UTF-8; none: all of it is.
std::optional<std::size_t> invalid_utf8_at(std::string_view text);

// `text` with control characters, line separators and bytes that are not UTF-8 escaped, and with
// its end replaced by "..." where it would exceed `limit`.
// REQUIRES: limit >= 3
std::string printable(std::string_view text, std::size_t limit);

// printable() in double quotes, short enough for a name in a sentence.
std::string in_quotes(std::string_view text);

// Shortest decimal text that reads back as `value`; no exponent and no fraction below 10^15 where
// the value is whole.
std::string number_text(double value);

// "1 to 64", "at least 1", "at most 64", "a finite number".
std::string range_text(const Bounds& bounds);

// Code invalid_input. `pointer` is an RFC 6901 pointer; empty (the whole document): left out.
Error input_error(std::string_view where, std::string_view pointer, std::string_view problem);

}  // namespace pktbench
