#include "harness/text/fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace pktbench {

namespace {

constexpr std::size_t kNarrowest = 24;  // room for a text beside what is before it
constexpr std::size_t kMostBefore = 40;

bool goes_on(char c) { return (static_cast<unsigned char>(c) & 0xC0u) == 0x80u; }

// Where the code point number `n` begins; the text's size where it has no more.
std::size_t place_of(const std::string& text, std::size_t n) {
  std::size_t at = 0;
  while (at < text.size() && (goes_on(text[at]) || n-- > 0)) ++at;
  return at;
}

// "name   what it is": where what it is begins; of other lines, the first word.
std::size_t indent_of(const std::string& line) {
  const std::size_t first = std::min(line.find_first_not_of(' '), line.size());
  const std::size_t gap = line.find("  ", first);
  if (gap == std::string::npos) return first;
  const std::size_t second = line.find_first_not_of(' ', gap);
  const std::size_t width = second == std::string::npos ? 0 : display_width(line.substr(0, second));
  return width > 0 && width <= kMostBefore ? width : first;
}

// Its first `head` code points and its last ones, with a sign between them.
std::string cut(const std::string& text, std::size_t head, std::size_t columns) {
  const std::size_t width = display_width(text);
  if (width <= columns) return text;
  const std::size_t tail = columns - 1 - head;
  return text.substr(0, place_of(text, head)) + "…" + text.substr(place_of(text, width - tail));
}

}  // namespace

std::size_t display_width(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, false, goes_on));
}

std::string wrapped_line(const std::string& line, std::size_t columns, std::size_t indent) {
  if (columns == 0 || display_width(line) <= columns) return line;
  const std::size_t most = indent + kNarrowest > columns ? 2 : indent;
  const std::string margin(std::min(indent, most), ' ');
  std::string made;
  std::string part = line;
  std::size_t own = std::min(part.find_first_not_of(' '), part.size());  // no place to break
  while (display_width(part) > columns) {
    std::size_t space = part.rfind(' ', place_of(part, columns));
    if (space == std::string::npos || space <= own) space = part.find(' ', own);
    const std::size_t next = part.find_first_not_of(' ', std::min(space, part.size()));
    if (next == std::string::npos) break;
    made += part.substr(0, part.find_last_not_of(' ', space) + 1) + "\n";
    part = margin + part.substr(next);
    own = margin.size();
  }
  return made + part;
}

std::string wrapped(const std::string& text, std::size_t columns) {
  if (columns == 0) return text;
  std::string made;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    made += wrapped_line(line, columns, indent_of(line));
    if (end < text.size()) made += '\n';
    at = end + 1;
  }
  return made;
}

std::vector<std::string> told_apart(const std::vector<std::string>& texts, std::size_t columns) {
  const std::size_t differ = std::set<std::string>(texts.begin(), texts.end()).size();
  std::vector<std::string> made(texts.size());
  for (const std::size_t head : {columns - 1, columns / 2, columns / 4, std::size_t{0}}) {
    std::transform(texts.begin(), texts.end(), made.begin(),
                   [&](const std::string& text) { return cut(text, head, columns); });
    if (std::set<std::string>(made.begin(), made.end()).size() == differ) return made;
  }
  // They differ only in a middle that has no room: a number tells them apart.
  std::map<std::string, std::size_t> numbers;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (display_width(texts[i]) <= columns) continue;
    const auto number = numbers.emplace(texts[i], numbers.size() + 1).first->second;
    const std::string mark = fmt::format(" #{}", number);
    const std::size_t room = columns - mark.size();
    made[i] = cut(texts[i], room - 1, room) + mark;
  }
  return made;
}

}  // namespace pktbench
