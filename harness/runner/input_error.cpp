#include "harness/runner/input_error.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace pktbench {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;  // bytes; 0: not UTF-8
};

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
CodePoint decode(std::string_view text) {
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

// C0, DEL, C1, line and paragraph separators, and marks that reorder what follows.
bool unfit_for_terminal(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

std::string escape(const char* format, std::uint32_t value) {
  std::array<char, 16> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, value);
  return buffer.data();
}

// The end of a path says more than its beginning.
std::string printable_where(std::string_view where) {
  if (where.size() <= kMaxWhere) return printable(where, kMaxWhere);
  std::string_view tail = where.substr(where.size() - (kMaxWhere - 3));
  while (!tail.empty() && (static_cast<unsigned char>(tail[0]) & 0xC0u) == 0x80u)
    tail.remove_prefix(1);
  return "..." + printable(tail, kMaxWhere - 3);
}

}  // namespace

std::optional<std::size_t> invalid_utf8_at(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = decode(text.substr(at));
    if (c.length == 0) return at;
    at += c.length;
  }
  return std::nullopt;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  std::size_t room_for_dots = 0;  // length of `out` at the last place where "..." still fits
  while (!text.empty()) {
    const CodePoint c = decode(text);
    std::string piece;
    if (c.length == 0)
      piece = escape("\\x%02x", static_cast<unsigned char>(text[0]));
    else if (c.value == '\n')
      piece = "\\n";
    else if (c.value == '\t')
      piece = "\\t";
    else if (unfit_for_terminal(c.value))
      piece = escape("\\u%04x", c.value);
    else
      piece = text.substr(0, c.length);
    if (out.size() + 3 <= limit) room_for_dots = out.size();
    if (out.size() + piece.size() > limit) return out.substr(0, room_for_dots) + "...";
    out += piece;
    text.remove_prefix(c.length == 0 ? 1 : c.length);
  }
  return out;
}

std::string in_quotes(std::string_view text) { return '"' + printable(text, 40) + '"'; }

std::string number_text(double value) {
  std::array<char, 32> buffer{};
  const bool whole = std::trunc(value) == value && std::abs(value) < 1e15;
  const auto end = whole ? std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                         static_cast<std::int64_t>(value))
                         : std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end.ptr};
}

std::string range_text(const Bounds& bounds) {
  if (bounds.min && bounds.max) return number_text(*bounds.min) + " to " + number_text(*bounds.max);
  if (bounds.min) return "at least " + number_text(*bounds.min);
  return bounds.max ? "at most " + number_text(*bounds.max) : "a finite number";
}

Error input_error(std::string_view where, std::string_view pointer, std::string_view problem) {
  std::string line = where.empty() ? "\"\"" : printable_where(where);
  if (!pointer.empty()) line += ": " + printable(pointer, kMaxPointer);
  return make_error(ErrorCode::invalid_input, line + ": " + printable(problem, kMaxProblem));
}

}  // namespace pktbench
