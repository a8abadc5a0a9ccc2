#include "harness/text/clean_text.hpp"

#include <fmt/format.h>

#include <array>

namespace pktbench {

namespace {

// C0, DEL, C1, line and paragraph separators, marks that reorder what follows, and what XML lacks.
bool unfit(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF ||
         c == 0xFFFE || c == 0xFFFF;
}

bool stays(char c) { return c == '\n' || c == '\t'; }

}  // namespace

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  std::uint32_t value = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0u) != 0x80u) return {};
    value = value << 6 | (byte(i) & 0x3Fu);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kSmallest[length] || value > 0x10FFFF || surrogate) return {};
  return {value, length};
}

std::string take_shown(std::string_view& text) {
  const CodePoint c = first_code_point(text);
  const std::string_view taken = text.substr(0, c.length == 0 ? 1 : c.length);
  text.remove_prefix(taken.size());
  if (c.length == 0) return fmt::format("\\x{:02x}", static_cast<unsigned char>(taken[0]));
  if (c.value == '\n') return "\\n";
  if (c.value == '\t') return "\\t";
  if (unfit(c.value)) return fmt::format("\\u{:04x}", c.value);
  return std::string(taken);
}

std::string clean_line(std::string_view text) {
  std::string made;
  while (!text.empty()) made += take_shown(text);
  return made;
}

std::string clean_text(std::string_view text) {
  std::string made;
  while (!text.empty()) {
    if (stays(text[0])) {
      made += text[0];
      text.remove_prefix(1);
    } else {
      made += take_shown(text);
    }
  }
  return made;
}

bool is_clean_text(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = first_code_point(text.substr(at));
    if (c.length == 0 || (unfit(c.value) && !stays(text[at]))) return false;
    at += c.length;
  }
  return true;
}

std::string shell_word(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos)
    return std::string(word);
  std::string quoted;
  if (clean_line(word) == word) {
    for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
    return "'" + quoted + "'";
  }
  for (const char c : word) {
    if (c == '%')
      quoted += "%%";
    else if (c < ' ' || c > '~' || c == '\'' || c == '\\')
      quoted += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    else
      quoted += c;
  }
  return "\"$(printf -- '" + quoted + "')\"";
}

}  // namespace pktbench
