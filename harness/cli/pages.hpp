// What is made from the same tables as --help: the man page, and the words a shell completes.
// `pktbench --man-page` and `pktbench --complete WORD...` print them; neither is for people, so
// that
// --help does not name them.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace pktbench::cli {

// The text that such a call asks for; none for every other one.
std::optional<std::string> page(const CLI::App& app, const std::vector<std::string>& arguments);

// In roff.
std::string man_page(const CLI::App& app);

// What the last of `words` may become; the others come before it, after the program's name. Empty
// where it is a file, or nothing that is known.
std::vector<std::string> completions(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace pktbench::cli
