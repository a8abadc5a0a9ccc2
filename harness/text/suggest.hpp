// The nearest valid name, for errors about names that do not exist.
//
// Threads: none. Errors: none.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pktbench {

// The candidate that `name` is most likely a slip of: fewest insertions, deletions, replacements
// and swaps of neighbours, case ignored; at most one of them per three letters. The first wins a
// tie. None where nothing is near.
std::optional<std::string> nearest_name(std::string_view name,
                                        const std::vector<std::string>& candidates);

// `; did you mean "x"?`, or else `; valid: a, b, c`, or else nothing.
std::string suggestion(std::string_view name, const std::vector<std::string>& candidates);

// "a, b, c", cut after about 160 bytes.
std::string name_list(const std::vector<std::string>& names);

}  // namespace pktbench
