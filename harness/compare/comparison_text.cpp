#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/join.hpp>
#include <cmath>
#include <set>

#include "harness/compare/comparison.hpp"
#include "harness/text/clean_text.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/numbers.hpp"
#include "harness/text/text_table.hpp"

namespace pktbench {

namespace {

const std::vector<TextColumn> kColumns = {{"case"},
                                          {"measure"},
                                          {"base (95% CI)", true, 6},
                                          {"new (95% CI)", true, 5},
                                          {"change", true},
                                          {"95% CI", true, 2},
                                          {"p", true, 8},
                                          {"p (M-W)", true, 9},
                                          {"sees", true, 3},
                                          {"A/A", true, 7},
                                          {"pairs", true, 4},
                                          {"verdict"}};

std::string median_cell(const Summary& s, int decimals) {
  std::string made = fmt::format("{:.{}f}", *s.median, decimals);
  if (s.ci95) made += fmt::format(" ({:.{}f}–{:.{}f})", s.ci95->lo, decimals, s.ci95->hi, decimals);
  return made;
}

std::string p_cell(double p) { return p < 0.0001 ? "<0.0001" : fmt::format("{:.2g}", p); }

const char* colour_of(Verdict verdict) {
  if (verdict == Verdict::regression) return kRed;
  return verdict == Verdict::inconclusive ? kYellow : kGreen;
}

bool is_rate(const MeasureComparison& m) { return m.name == "mpps"; }

TextRow measure_row(const std::string& id, const MeasureComparison& m) {
  const std::string measure = m.words();
  if (!m.judged)
    return {{id, measure},
            (m.change() ? "not judged: " : "not compared: ") + printable(m.reason, kMaxText),
            m.expected ? kYellow : ""};
  const int decimals = is_rate(m) ? 3 : 1;
  const Change& f = *m.change();
  const auto& floor = m.noise_floor.found;
  const std::string count = m.between
                                ? fmt::format("{}+{} {}s", m.between->base, m.between->next,
                                              m.draws.unit == DrawUnit::run ? "run" : "restart")
                                : std::to_string(m.found->pairs);
  return {{id, measure, median_cell(m.base, decimals), median_cell(m.next, decimals),
           change_percent(f.ratio), change_percent(f.lo) + " to " + change_percent(f.hi),
           p_cell(m.p_adjusted), m.found ? p_cell(m.mann_whitney_p_adjusted) : "-",
           fine_percent(m.smallest_change),
           floor ? "±" + fine_percent(std::max(floor->hi - 1, 1 - floor->lo)) : "-", count,
           to_string(m.verdict)},
          {},
          colour_of(m.verdict)};
}

std::vector<TextRow> make_rows(const Comparison& comparison) {
  std::vector<TextRow> rows;
  for (const CaseComparison& c : comparison.cases) {
    std::string id = clean_line(c.base_id);
    if (c.base_id != c.new_id) id += " → " + clean_line(c.new_id);
    if (c.measures.empty())
      rows.push_back({{id, ""}, "not compared: " + printable(c.reason, kMaxText), kYellow});
    for (const MeasureComparison& m : c.measures) rows.push_back(measure_row(id, m));
  }
  return rows;
}

std::string run_line(const char* side, const RecordedHead& run) {
  return fmt::format("{}{} ({}, {}, pktbench {})\n", side, printable(run.path, 300),
                     printable(run.host, 60), printable(run.started_at, 40),
                     printable(run.tool_version, 40));
}

std::string notes_text(const Comparison& comparison) {
  std::string made;
  const auto note = [&](const std::string& where, const std::string& text) {
    made += "note: " + (where.empty() ? "" : printable(where, kMaxText) + ": ") +
            printable(text, kMaxText) + "\n";
  };
  for (const std::string& w : comparison.warnings) note("", w);
  for (const CaseComparison& c : comparison.cases) {
    for (const std::string& w : c.warnings) note(c.new_id, w);
    if (c.excluded_base + c.excluded_new)
      note(c.new_id, fmt::format("trials that are not ok and were left out: {} of BASE, {} of NEW",
                                 c.excluded_base, c.excluded_new));
    if (c.unpaired_rounds)
      note(c.new_id, fmt::format("{} ok trials have no partner of their round and condition",
                                 c.unpaired_rounds));
    for (const MeasureComparison& m : c.measures) {
      for (const std::string& w : m.warnings) note(c.new_id + " " + m.name, w);
      if (m.judged && m.verdict == Verdict::inconclusive) note(c.new_id + " " + m.name, m.reason);
    }
  }
  for (const LoneCase& c : comparison.only_in_base)
    note(c.id, std::string("only in BASE (") + to_string(c.status) + ")");
  for (const LoneCase& c : comparison.only_in_new)
    note(c.id, std::string("only in NEW (") + to_string(c.status) + ")");
  for (const LoneCase& c : comparison.unsupported) note(c.id, "unsupported on both sides");
  return made;
}

// "This comparison can see changes of 1.8% or more in Mpps (in every case)."
std::string sight(const Comparison& comparison) {
  std::string made;
  for (const bool rate : {true, false}) {
    double largest = 0;
    for (const CaseComparison& c : comparison.cases)
      for (const MeasureComparison& m : c.measures)
        if (m.judged && is_rate(m) == rate) largest = std::max(largest, m.smallest_change);
    if (largest > 0)
      made += (made.empty() ? "" : ", and of ") + fine_percent(largest) + " or more in " +
              (rate ? "Mpps" : "cycles/packet");
  }
  if (made.empty()) return made;
  return "This comparison can see changes of " + made + ", four times out of five.\n";
}

std::string conclusion(const Comparison& comparison) {
  std::map<Verdict, std::size_t> count;
  std::set<std::string> subjects;
  for (const CaseComparison& c : comparison.cases) {
    ++count[c.verdict];
    for (const std::string& s : c.subjects) subjects.insert(printable(s, kMaxText));
  }
  std::string made;
  for (const Verdict v :
       {Verdict::regression, Verdict::improvement, Verdict::no_change, Verdict::inconclusive})
    if (count[v]) made += fmt::format("{}{} {}", made.empty() ? "" : ", ", count[v], to_string(v));
  made = std::string(to_string(comparison.verdict)) +
         (comparison.reason.empty() ? "" : ": " + comparison.reason) +
         (subjects.empty() ? "" : ", where " + boost::algorithm::join(subjects, "; ")) +
         (made.empty() ? "" : " (cases: " + made + ")");
  return made + "\n";
}

}  // namespace

std::string comparison_text(const Comparison& comparison, const Terminal& terminal) {
  const CompareRules& rules = comparison.rules;
  std::string runs;
  for (const RecordedHead& run : comparison.base) runs += run_line("BASE  ", run);
  for (const RecordedHead& run : comparison.next) runs += run_line("NEW   ", run);
  runs += "\n";
  std::string table;
  std::string made;
  if (!comparison.cases.empty()) {
    table = text_table(kColumns, make_rows(comparison), "--json", terminal) + "\n";
    made +=
        comparison.interleaved
            ? "change: NEW against BASE, pair by pair of a round (Hodges-Lehmann), with its "
              "signed-rank interval.\n"
              "p: of the signed-rank test, and beside it of Mann-Whitney; adjusted "
              "(Benjamini-Hochberg).\n"
            : "change: NEW against BASE, by the medians of their runs or restarts, whose spread "
              "has both variances in it: that between runs and that of trials.\n"
              "p: of Student's t; adjusted (Benjamini-Hochberg).\n";
    made += fmt::format(
        "A change is called one when the whole interval lies beyond {} and p < {:g}.\n"
        "sees: the smallest change found four times out of five; above {} a case is "
        "inconclusive.\n",
        fine_percent(rules.min_effect), rules.alpha, fine_percent(rules.must_see));
    made += comparison.interleaved ? fmt::format(
                                         "A/A: how far BASE differs from its twin (another case "
                                         "with the same settings) or, without "
                                         "one, its rounds from the ones before them; - where that "
                                         "makes fewer than {} pairs.\n\n",
                                         kMinPairs)
                                   : "\n";
  }
  made += notes_text(comparison);
  made += sight(comparison);
  const std::string end = wrapped(conclusion(comparison), terminal.columns);
  return runs + table + wrapped(made, terminal.columns) +
         (terminal.colour
              ? colour_of(comparison.verdict) + end.substr(0, end.size() - 1) + kReset + "\n"
              : end);
}

}  // namespace pktbench
