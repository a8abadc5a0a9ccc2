#include "harness/text/text_table.hpp"

#include <algorithm>

namespace pktbench {

namespace {

constexpr std::size_t kColumnsBeforeReason = 2;

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::size_t own = display_width(text);
  const std::string space(width > own ? width - own : 0, ' ');
  return right ? space + text : text + space;
}

}  // namespace

std::size_t display_width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;  // a byte that goes on takes no column
  }));
}

std::string text_table(const std::vector<TextRow>& rows, const std::vector<bool>& right_aligned,
                       bool colour) {
  std::vector<std::size_t> widths(right_aligned.size());
  for (const TextRow& row : rows)
    for (std::size_t i = 0; i < row.cells.size(); ++i)
      widths[i] = std::max(widths[i], display_width(row.cells[i]));

  std::string made;
  for (const TextRow& row : rows) {
    const std::size_t columns =
        row.reason.empty() ? row.cells.size() : std::min(row.cells.size(), kColumnsBeforeReason);
    std::string line;
    for (std::size_t i = 0; i < columns; ++i)
      line += (i ? "  " : "") + padded(row.cells[i], widths[i], right_aligned[i]);
    if (!row.reason.empty()) line += "  " + row.reason;
    line.erase(line.find_last_not_of(' ') + 1);
    made += colour && *row.colour ? row.colour + line + kReset : line;
    made += '\n';
  }
  return made;
}

}  // namespace pktbench
