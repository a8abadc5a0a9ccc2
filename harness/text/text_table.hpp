// A table for a terminal: columns as wide as their widest cell, two spaces apart. Where it is wider
// than the terminal, columns are left out and names are cut, and a line below the table says so.
//
// Threads: none. Errors: none.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/text/fit.hpp"

namespace pktbench {

inline constexpr const char* kBold = "\033[1m";
inline constexpr const char* kRed = "\033[31m";
inline constexpr const char* kGreen = "\033[32m";
inline constexpr const char* kYellow = "\033[33m";
inline constexpr const char* kReset = "\033[0m";

inline constexpr std::size_t kMaxText = 400;  // bytes shown of what others wrote

// Columns of at least this go before a name is cut to what can still be read, others after.
inline constexpr int kLeaveOutFirst = 7;

struct TextColumn {
  std::string head;
  bool right_aligned = false;
  int leave_out = 0;  // where there is no room, the column with the highest goes first; 0: it stays
};

struct TextRow {
  std::vector<std::string> cells;  // as many as the table has columns, or the first two
  std::string reason = {};         // in place of all columns after the first two
  const char* colour = "";
};

// The first column holds the rows' names, such as the ids of cases. `whole`: what has all of it
// whatever the terminal is, as "run.json".
std::string text_table(const std::vector<TextColumn>& columns, const std::vector<TextRow>& rows,
                       const std::string& whole, const Terminal& terminal);

}  // namespace pktbench
