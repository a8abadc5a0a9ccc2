#include "harness/text/suggest.hpp"

#include <algorithm>
#include <cstddef>

#include "harness/text/input_error.hpp"

namespace pktbench {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Optimal string alignment: edits of one letter and swaps of neighbours.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view name,
                                        const std::vector<std::string>& candidates) {
  std::optional<std::string> best;
  std::size_t best_edits = 0;
  for (const std::string& candidate : candidates) {
    const auto [shorter, longer] = std::minmax({name.size(), candidate.size()});
    const std::size_t allowed = std::max<std::size_t>(1, candidate.size() / 3);
    if (shorter == 0 || longer - shorter > allowed) continue;
    const std::size_t n = edits(name, candidate);
    if (n > allowed || n >= longer || (best && n >= best_edits)) continue;
    best = candidate;
    best_edits = n;
  }
  return best;
}

std::string name_list(const std::vector<std::string>& names) {
  constexpr std::size_t kLimit = 160;
  std::string list;
  for (const std::string& name : names) {
    if (!list.empty()) list += ", ";
    if (list.size() + name.size() > kLimit) return list + "...";
    list += name;
  }
  return list;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates) {
  if (const auto nearest = nearest_name(name, candidates))
    return "; did you mean " + in_quotes(*nearest) + "?";
  return candidates.empty() ? "" : "; valid: " + name_list(candidates);
}

}  // namespace pktbench
