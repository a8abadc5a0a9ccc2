// The results of a run as a table for a terminal, with a legend below it.
//
// A case without a figure shows why instead of one. Threads: none. Errors: none.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/report/json.hpp"
#include "harness/runner/sink.hpp"

namespace pktbench {

// `colour`: with ANSI colours; whether they are wanted is the caller's to decide.
std::string result_table(const std::vector<CaseResult>& cases, const TestbedFacts& facts,
                         bool colour);

// Columns that UTF-8 text takes on a terminal, one for each code point.
std::size_t display_width(const std::string& text);

}  // namespace pktbench
