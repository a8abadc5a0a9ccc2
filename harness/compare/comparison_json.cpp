#include "harness/compare/comparison.hpp"
#include "harness/record/json.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

namespace {

Json run_json(const RecordedHead& run) {
  return Json({{"path", run.path},
               {"id", run.id},
               {"host", run.host},
               {"started_at", run.started_at},
               {"tool_version", run.tool_version},
               {"git_commit", text_or_null(run.git_commit)}});
}

Json floor_json(const NoiseFloor& floor) {
  const auto& f = floor.found;
  return {{"against", text_or_null(floor.against)},
          {"pairs", f ? Json(f->pairs) : Json()},
          {"ratio", f ? Json(f->ratio) : Json()},
          {"ci95", f ? Json::array({f->lo, f->hi}) : Json()},
          {"reason", text_or_null(floor.reason)}};
}

// What both ways of pairing come to.
Json change_json(const Change& found, const MeasureComparison& m) {
  return {{"ratio", found.ratio},           {"ci95", {found.lo, found.hi}},
          {"confidence", found.confidence}, {"p", found.p},
          {"p_adjusted", m.p_adjusted},     {"smallest_change", m.smallest_change}};
}

Json between_json(const MeasureComparison& m) {
  const BetweenRuns& f = *m.between;
  Json made = {{"unit", m.draws.unit == DrawUnit::run ? "run" : "restart"},
               {"base_draws", f.base},
               {"new_draws", f.next}};
  made.update(change_json(f, m));
  made["spread"] = f.spread;
  return made;
}

Json paired_json(const MeasureComparison& m) {
  const PairedRatio& f = *m.found;
  Json made = {{"pairs", f.pairs}};
  made.update(change_json(f, m));
  made["mann_whitney"] = {{"u", f.mann_whitney.statistic},
                          {"p", f.mann_whitney.p},
                          {"p_adjusted", m.mann_whitney_p_adjusted},
                          {"exact", f.mann_whitney.exact}};
  made["median_ratio"] = {{"median", f.median_ratio}};
  made["noise_floor"] = floor_json(m.noise_floor);
  return made;
}

Json runs_json(const std::vector<RecordedHead>& runs) {
  Json made = Json::array();
  for (const RecordedHead& run : runs) made.push_back(run_json(run));
  return made;
}

Json measure_json(const MeasureComparison& m) {
  Json made = {{"verdict", m.judged ? Json(to_string(m.verdict)) : Json()},
               {"reason", m.reason},
               {"warnings", m.warnings},
               {"base", to_json(m.base)},
               {"new", to_json(m.next)},
               {"comparison", nullptr}};
  if (m.judged) made["comparison"] = m.between ? between_json(m) : paired_json(m);
  return made;
}

Json case_json(const CaseComparison& c) {
  Json measures = Json::object();
  for (const MeasureComparison& m : c.measures) measures[m.name] = measure_json(m);
  return {{"base_id", c.base_id},
          {"new_id", c.new_id},
          {"verdict", to_string(c.verdict)},
          {"reason", text_or_null(c.reason)},
          {"subjects", c.subjects},
          {"warnings", c.warnings},
          {"excluded_trials", {{"base", c.excluded_base}, {"new", c.excluded_new}}},
          {"unpaired_rounds", c.unpaired_rounds},
          {"measures", std::move(measures)}};
}

Json lone_json(const std::vector<LoneCase>& cases) {
  Json made = Json::array();
  for (const LoneCase& c : cases) made.push_back({{"id", c.id}, {"status", to_string(c.status)}});
  return made;
}

}  // namespace

std::string comparison_json(const Comparison& comparison, int exit_status) {
  Json cases = Json::array();
  for (const CaseComparison& c : comparison.cases) cases.push_back(case_json(c));
  const Json made = {{"schema", "pktbench-comparison/1"},
                     {"verdict", to_string(comparison.verdict)},
                     {"reason", text_or_null(comparison.reason)},
                     {"exit_status", exit_status},
                     {"base", run_json(comparison.base.front())},
                     {"new", run_json(comparison.next.front())},
                     {"base_runs", runs_json(comparison.base)},
                     {"new_runs", runs_json(comparison.next)},
                     {"interleaved", comparison.interleaved},
                     {"rules",
                      {{"min_effect", comparison.rules.min_effect},
                       {"alpha", comparison.rules.alpha},
                       {"must_see", comparison.rules.must_see},
                       {"min_pairs", kMinPairs}}},
                     {"warnings", comparison.warnings},
                     {"cases", std::move(cases)},
                     {"only_in_base", lone_json(comparison.only_in_base)},
                     {"only_in_new", lone_json(comparison.only_in_new)},
                     {"unsupported", lone_json(comparison.unsupported)}};
  return dump_json(made, 2) + "\n";
}

}  // namespace pktbench
