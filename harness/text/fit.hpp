// Text made to fit a terminal.
//
// Threads: none. Errors: none. Widths are in columns, one for each code point; 0: no limit.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace pktbench {

// What text is made for. Whoever prints it knows; everything else is told.
struct Terminal {
  std::size_t columns = 0;
  bool colour = false;  // ANSI colours
};

// Columns that UTF-8 text takes on a terminal.
std::size_t display_width(const std::string& text);

// One line broken between words, so that each part fits; the parts after the first begin at
// `indent`. A word that is longer than a line stays whole: it may be a path, to be copied.
std::string wrapped_line(const std::string& line, std::size_t columns, std::size_t indent);

// wrapped_line() for each line. What goes on stands below the line's second column, as in a list,
// or else below its first word.
std::string wrapped(const std::string& text, std::size_t columns);

// Each text in at most `columns`, which is 16 or more: what is longer is cut at its end or its
// middle, wherever no two that differ become one. Equal texts stay equal.
std::vector<std::string> told_apart(const std::vector<std::string>& texts, std::size_t columns);

}  // namespace pktbench
