// What is wrong with a command line, in one sentence of ours instead of the library's.
#pragma once

#include <CLI/CLI.hpp>

#include "harness/core/result.hpp"

namespace pktbench::cli {

// An empty value is no value, and a flag takes none: for every option of every command.
// REQUIRES: all of them have been added.
void check_all_values(CLI::App& app);

// What made app.parse() throw: what was typed, the nearest name or what there is. invalid_input.
Error usage_error(const CLI::App& app, const CLI::ParseError& error);

}  // namespace pktbench::cli
