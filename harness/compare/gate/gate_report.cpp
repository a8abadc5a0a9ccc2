#include "harness/compare/gate/gate_report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "harness/compare/run_draws.hpp"
#include "harness/record/json.hpp"
#include "harness/text/clean_text.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/numbers.hpp"
#include "harness/text/section.hpp"
#include "harness/text/text_table.hpp"

namespace pktbench {

namespace {

const std::vector<TextColumn> kGateColumns = {
    {"case"},          {"metric"},          {"history", true, 4}, {"tonight", true, 5},
    {"change", true},  {"95% CI", true, 2}, {"p", true, 8},       {"sees", true, 3},
    {"runs", true, 6}, {"verdict"}};

const std::vector<Draw>& judged_draws(const GateMeasure& m) {
  return m.again.empty() ? m.first : m.again;
}

Json median_of(const std::vector<Draw>& draws) {
  return draws.empty() ? Json() : Json(mean_draw(draws).median);
}

Json measure_json(const GateMeasure& m) {
  const auto& f = m.found;
  return {{"case", m.case_id},
          {"metric", text_or_null(m.metric)},
          {"unit", text_or_null(m.unit)},
          {"better", m.better == Better::higher ? "higher" : "lower"},
          {"kind", to_string(m.kind)},
          {"field", text_or_null(m.field)},
          {"reason", m.reason},
          {"suspect", m.suspect},
          {"base_runs", m.history.size()},
          {"new_runs", judged_draws(m).size()},
          {"base", median_of(m.history)},
          {"new", median_of(judged_draws(m))},
          {"ratio", f ? Json(f->ratio) : Json()},
          {"ci95", f ? Json::array({f->lo, f->hi}) : Json()},
          {"p", f ? Json(f->p) : Json()},
          {"p_adjusted", f ? Json(m.p_adjusted) : Json()},
          {"spread", f ? Json(f->spread) : Json()},
          {"smallest_change", m.sees ? Json(*m.sees) : Json()}};
}

const char* colour_of(GateKind kind) {
  if (kind == GateKind::regression) return kRed;
  return kind == GateKind::unchanged || kind == GateKind::improvement ? kGreen : kYellow;
}

std::string value_cell(const std::vector<Draw>& draws) {
  if (draws.empty()) return "-";
  const double median = mean_draw(draws).median;
  return fmt::format("{:.{}f}", median, median < 100 ? 3 : 1);
}

TextRow row_of(const GateMeasure& m) {
  const std::string id = clean_line(m.case_id);
  if (!m.found)
    return {{id, clean_line(m.metric)},
            std::string(to_string(m.kind)) + ": " + printable(m.reason, kMaxText),
            colour_of(m.kind)};
  const BetweenRuns& f = *m.found;
  return {{id, clean_line(m.metric), value_cell(m.history), value_cell(judged_draws(m)),
           change_percent(f.ratio), change_percent(f.lo) + " to " + change_percent(f.hi),
           m.p_adjusted < 0.0001 ? "<0.0001" : fmt::format("{:.2g}", m.p_adjusted),
           m.sees ? fine_percent(*m.sees) : "-", fmt::format("{}+{}", f.base, f.next),
           to_string(m.kind)},
          {},
          colour_of(m.kind)};
}

std::string counts(const GateReport& report) {
  std::map<GateKind, std::size_t> count;
  for (const GateMeasure& m : report.measures) ++count[m.kind];
  std::string made;
  for (const auto& [kind, n] : count)
    made += fmt::format("{}{} {}", made.empty() ? "" : ", ", n, to_string(kind));
  return made;
}

}  // namespace

std::string gate_json(const GateReport& report, int exit_status) {
  Json cases = Json::array();
  for (const GateMeasure& m : report.measures) cases.push_back(measure_json(m));
  const GateRules& rules = report.rules;
  const Json made = {
      {"schema", "pktbench-gate/1"},
      {"verdict", to_string(report.verdict)},
      {"reason", text_or_null(report.reason)},
      {"exit_status", exit_status},
      {"scenario", report.scenario},
      {"host", text_or_null(report.host)},
      {"started_at", text_or_null(report.started_at)},
      {"virtual", report.is_virtual},
      {"baseline", report.baseline.empty() ? Json()
                                           : Json({{"path", report.baseline},
                                                   {"since", text_or_null(report.epoch_since)},
                                                   {"reason", text_or_null(report.epoch_reason)}})},
      {"in_turn", report.new_command.empty() ? Json()
                                             : Json({{"base_command", report.base_command},
                                                     {"new_command", report.new_command}})},
      {"varied", report.varied},
      {"runs", report.runs},
      {"budget_s", report.budget_s},
      {"accepted", text_or_null(report.accepted)},
      {"rules",
       {{"min_effect", rules.min_effect},
        {"alpha", rules.alpha},
        {"suspect_alpha", rules.suspect_alpha},
        {"must_see", rules.must_see},
        {"history", rules.history},
        {"least_history", rules.least_history},
        {"looks", rules.looks}}},
      {"measures", std::move(cases)}};
  return dump_json(made, 2) + "\n";
}

std::string gate_text(const GateReport& report, const Terminal& terminal) {
  std::vector<TextRow> rows;
  for (const GateMeasure& m : report.measures) rows.push_back(row_of(m));
  std::string made;
  if (!rows.empty()) made += text_table(kGateColumns, rows, kGateFileName, terminal) + "\n";
  std::string notes = fmt::format(
      "history and tonight: geometric means of the runs' medians. runs: of either that were "
      "judged.\n"
      "An alarm needs the whole interval beyond {} and p (adjusted, Benjamini-Hochberg) below "
      "{:.2g} "
      "in runs made after the case was a suspect.\n"
      "sees: the smallest change found four nights out of five.\n",
      fine_percent(report.rules.min_effect), report.rules.alpha_of_look());
  for (const GateMeasure& m : report.measures)
    if (m.found && m.kind != GateKind::unchanged)
      notes += "note: " + printable(m.case_id, kMaxText) + " " + m.metric + ": " +
               printable(m.reason, kMaxText) + "\n";
  if (report.is_virtual) notes += "note: a virtual testbed says nothing about hardware\n";
  if (!report.accepted.empty()) notes += "baseline: " + printable(report.accepted, kMaxText) + "\n";
  if (!report.dir.empty())
    notes += "gate: " + printable(report.dir, kMaxText) + "/" + kGateFileName + "\n";
  made += wrapped(notes, terminal.columns);
  const std::string end = std::string(to_string(report.verdict)) +
                          (report.reason.empty() ? "" : ": " + printable(report.reason, kMaxText)) +
                          (report.measures.empty() ? "" : " (" + counts(report) + ")");
  return made + (terminal.colour ? colour_of(report.verdict) + end + kReset : end) + "\n";
}

}  // namespace pktbench
