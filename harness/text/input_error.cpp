#include "harness/text/input_error.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "harness/text/clean_text.hpp"

namespace pktbench {
namespace {

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
    if (static_cast<unsigned char>(text[at]) < 0x80) {  // most, and sooner told by itself
      ++at;
      continue;
    }
    const CodePoint c = first_code_point(text.substr(at));
    if (c.length == 0) return at;
    at += c.length;
  }
  return std::nullopt;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  std::size_t room_for_dots = 0;  // length of `out` at the last place where "..." still fits
  while (!text.empty()) {
    const std::string piece = take_shown(text);
    if (out.size() + 3 <= limit) room_for_dots = out.size();
    if (out.size() + piece.size() > limit) return out.substr(0, room_for_dots) + "...";
    out += piece;
  }
  return out;
}

std::string in_quotes(std::string_view text) { return '"' + printable(text, 40) + '"'; }

std::string number_text(double value) { return fmt::format("{}", value + 0.0); }  // no -0

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
