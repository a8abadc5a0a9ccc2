// Any bytes as text that JSON can hold, and back: a journal must give back the very name that a
// device had, and the kernel lets a name hold what is no UTF-8.
//
// Threads: any.
#pragma once

#include <string>
#include <string_view>

#include "harness/text/clean_text.hpp"

namespace pktbench::sys {

// A byte that is part of no UTF-8 becomes the code point of private use U+F700 + byte.
inline std::string bytes_to_text(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = first_code_point(bytes).length;
    if (length == 0) {
      const auto byte = static_cast<unsigned char>(bytes[0]);
      text += "\xef";
      text += static_cast<char>(0x9c + (byte >> 6));
      text += static_cast<char>(0x80 | (byte & 0x3f));
    } else {
      text += bytes.substr(0, length);
    }
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return text;
}

inline std::string text_to_bytes(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    const std::size_t length = c.length == 0 ? 1 : c.length;
    if (c.value >= 0xf780 && c.value <= 0xf7ff)
      bytes += static_cast<char>(c.value & 0xff);
    else
      bytes += text.substr(0, length);
    text.remove_prefix(length);
  }
  return bytes;
}

}  // namespace pktbench::sys
