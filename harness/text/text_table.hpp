// A table for a terminal: columns as wide as their widest cell, two spaces apart.
//
// Threads: none. Errors: none.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace pktbench {

inline constexpr const char* kBold = "\033[1m";
inline constexpr const char* kRed = "\033[31m";
inline constexpr const char* kGreen = "\033[32m";
inline constexpr const char* kYellow = "\033[33m";
inline constexpr const char* kReset = "\033[0m";

inline constexpr std::size_t kMaxText = 400;  // bytes shown of what others wrote

struct TextRow {
  std::vector<std::string> cells;  // as many as the table has columns, or the first two
  std::string reason;              // in place of all columns after the first two
  const char* colour = "";
};

// `right_aligned`: one for each column. `colour`: with that of each row.
std::string text_table(const std::vector<TextRow>& rows, const std::vector<bool>& right_aligned,
                       bool colour);

// Columns that UTF-8 text takes on a terminal, one for each code point.
std::size_t display_width(const std::string& text);

}  // namespace pktbench
