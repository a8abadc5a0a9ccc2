#include "harness/text/clean_text.hpp"

#include <fmt/format.h>

#include <boost/locale/utf.hpp>

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

CodePoint first_code_point(std::string_view text) {
  namespace utf = boost::locale::utf;
  const char* end = text.data();
  const utf::code_point value = utf::utf_traits<char>::decode(end, end + text.size());
  if (value == utf::illegal || value == utf::incomplete) return {};
  return {value, static_cast<std::size_t>(end - text.data())};
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
