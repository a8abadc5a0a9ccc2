// Text from outside (names of hosts and devices, labels, a command line, what another program said)
// made fit to be shown and kept: valid UTF-8, with nothing in it that moves a cursor, changes the
// order of what follows, or is no character of XML.
//
// Threads: any. Lengths are in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pktbench {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;  // 0: the text does not begin with UTF-8
};

// The first one of `text`.
// REQUIRES: !text.empty()
CodePoint first_code_point(std::string_view text);

// The first code point of `text`, or its first byte where that is no UTF-8, as it is shown: itself,
// or escaped ("\u001b", "\xff", "\n"). Takes it off `text`.
// REQUIRES: !text.empty()
std::string take_shown(std::string_view& text);

// `text` on one line.
std::string clean_line(std::string_view text);

// The same, but line ends and tabs stay.
std::string clean_text(std::string_view text);

// clean_text() would change nothing.
bool is_clean_text(std::string_view text);

// `word` of a command that is printed to be typed, as a POSIX shell reads it back: bare where
// nothing in it is special, else in single quotes; as the output of a printf where it is not fit to
// be shown (which loses newlines at its end). An option's value that begins with a dash still needs
// "--option=" before it.
std::string shell_word(std::string_view word);

}  // namespace pktbench
