// The subcommands, of Python, that look at recorded runs.
//
// Threads: none. Errors: none; what is wrong with a command line, parsing says.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace pktbench::cli {

// What the command line asks for; gives the exit status.
using Command = std::function<int()>;

void add_plots(CLI::App& app, Command& chosen);
void add_report(CLI::App& app, Command& chosen);
void add_validate(CLI::App& app, Command& chosen);
void add_history(CLI::App& app, Command& chosen);
void add_export(CLI::App& app, Command& chosen);

}  // namespace pktbench::cli
