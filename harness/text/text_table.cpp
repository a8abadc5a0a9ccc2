#include "harness/text/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <numeric>
#include <set>

#include "harness/core/lookup.hpp"

namespace pktbench {

namespace {

constexpr std::size_t kColumnsBeforeReason = 2;
constexpr std::size_t kGap = 2;
constexpr std::size_t kShortestName = 16;
constexpr std::size_t kReadableName = 20;  // names are cut to it before a column that matters goes

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::size_t own = display_width(text);
  const std::string space(width > own ? width - own : 0, ' ');
  return right ? space + text : text + space;
}

// "/64B/1q/1f" of names that all end so; empty where one of them has nothing else.
std::string common_end(const std::vector<std::string>& names) {
  if (names.size() < 2) return "";
  std::string end = names.front();
  for (const std::string& name : names)
    while (!name.ends_with(end)) end.erase(0, 1);
  const std::size_t slash = end.find('/');
  end = slash == std::string::npos ? "" : end.substr(slash);
  return contains(names, end.size(), &std::string::size) ? "" : end;
}

class Fitted {
 public:
  Fitted(const std::vector<TextColumn>& columns, const std::vector<TextRow>& rows,
         const Terminal& terminal)
      : columns_(columns), rows_(rows), terminal_(terminal), shown_(columns.size()) {
    std::iota(shown_.begin(), shown_.end(), std::size_t{0});
    for (const TextRow& row : rows_) names_.push_back(row.cells.front());
    cut_names(kMaxText);
    shorten();
  }

  std::string text() const {
    TextRow heads{{}, {}, kBold};
    for (const TextColumn& column : columns_) heads.cells.push_back(column.head);
    std::string made = line(heads, heads.cells.front());
    for (std::size_t i = 0; i < rows_.size(); ++i) made += line(rows_[i], names_[i]);
    return made;
  }

  std::string notes(const std::string& whole) const {
    std::string made;
    if (!end_.empty())
      made += fmt::format("Every name in the column {} ends in {}.\n", columns_[0].head, end_);
    if (cut_) made += "Names are cut (…). ";
    if (!left_out_.empty())
      made += fmt::format("Left out to fit {} columns: {}. ", terminal_.columns,
                          boost::algorithm::join(left_out_, ", "));
    if (cut_ || !left_out_.empty())
      made += fmt::format("In full: {}, or COLUMNS=200 before the command.\n", whole);
    return wrapped(made, terminal_.columns);
  }

 private:
  void measure() {
    widths_.assign(columns_.size(), 0);
    for (std::size_t i = 0; i < columns_.size(); ++i) widths_[i] = display_width(columns_[i].head);
    for (std::size_t r = 0; r < rows_.size(); ++r)
      for (std::size_t i = 0; i < rows_[r].cells.size(); ++i)
        widths_[i] = std::max(widths_[i], display_width(i == 0 ? names_[r] : rows_[r].cells[i]));
  }

  std::size_t width() const {
    std::size_t made = (shown_.size() - 1) * kGap;
    for (const std::size_t i : shown_) made += widths_[i];
    return made;
  }
  bool fits() const { return terminal_.columns == 0 || width() <= terminal_.columns; }

  void shorten() {
    if (fits()) return;
    end_ = common_end(names_);
    for (std::string& name : names_) name.resize(name.size() - end_.size());
    measure();
    while (!fits()) {
      const auto least =
          std::ranges::max_element(shown_, {}, [&](auto i) { return columns_[i].leave_out; });
      const int rank = columns_[*least].leave_out;
      const std::size_t others = width() - widths_[0];
      const std::size_t room = terminal_.columns > others ? terminal_.columns - others : 0;
      if (rank < kLeaveOutFirst && room >= kReadableName) return cut_names(room);
      if (rank == 0) return cut_names(std::max(room, kShortestName));
      left_out_.push_back(columns_[*least].head);
      shown_.erase(least);
    }
  }

  void cut_names(std::size_t most) {
    std::vector<std::string> made = told_apart(names_, most);
    cut_ |= made != names_;
    names_ = std::move(made);
    measure();
  }

  std::string line(const TextRow& row, const std::string& name) const {
    std::string made;
    for (const std::size_t i : shown_) {
      if (!row.reason.empty() && (i >= kColumnsBeforeReason || i >= row.cells.size())) break;
      made += (i ? std::string(kGap, ' ') : "") +
              padded(i == 0 ? name : row.cells[i], widths_[i], columns_[i].right_aligned);
    }
    if (!row.reason.empty()) {
      made += std::string(kGap, ' ');
      const std::size_t indent = display_width(made);
      made = wrapped_line(made + row.reason, terminal_.columns, indent);
    }
    made.erase(made.find_last_not_of(' ') + 1);
    if (terminal_.colour && *row.colour) made = row.colour + made + kReset;
    return made + '\n';
  }

  const std::vector<TextColumn>& columns_;
  const std::vector<TextRow>& rows_;
  const Terminal& terminal_;
  std::vector<std::size_t> shown_;
  std::vector<std::string> names_;
  std::vector<std::size_t> widths_;
  std::string end_;
  bool cut_ = false;
  std::vector<std::string> left_out_;
};

}  // namespace

std::string text_table(const std::vector<TextColumn>& columns, const std::vector<TextRow>& rows,
                       const std::string& whole, const Terminal& terminal) {
  const Fitted table(columns, rows, terminal);
  return table.text() + table.notes(whole);
}

}  // namespace pktbench
