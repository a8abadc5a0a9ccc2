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
  Json made = Json::object();
  const auto& f = floor.found;
  made["against"] = text_or_null(floor.against);
  made["pairs"] = f ? Json(f->pairs) : Json(nullptr);
  made["ratio"] = f ? Json(f->ratio) : Json(nullptr);
  made["ci95"] = f ? Json::array({f->lo, f->hi}) : Json(nullptr);
  made["reason"] = text_or_null(floor.reason);
  return made;
}

Json measure_json(const MeasureComparison& m) {
  Json made = Json::object();
  made["verdict"] = m.judged ? Json(to_string(m.verdict)) : Json(nullptr);
  made["reason"] = m.reason;
  made["warnings"] = m.warnings;
  made["base"] = to_json(m.base);
  made["new"] = to_json(m.next);
  made["comparison"] = nullptr;
  if (!m.judged) return made;
  const PairedRatio& f = *m.found;
  made["comparison"] = Json({{"pairs", f.pairs},
                             {"ratio", f.ratio},
                             {"ci95", {f.lo, f.hi}},
                             {"confidence", f.confidence},
                             {"p", f.p},
                             {"p_adjusted", m.p_adjusted},
                             {"smallest_change", m.smallest_change},
                             {"mann_whitney",
                              {{"u", f.mann_whitney.statistic},
                               {"p", f.mann_whitney.p},
                               {"p_adjusted", m.mann_whitney_p_adjusted},
                               {"exact", f.mann_whitney.exact}}},
                             {"median_ratio", {{"median", f.median_ratio}}},
                             {"noise_floor", floor_json(m.noise_floor)}});
  return made;
}

Json case_json(const CaseComparison& c) {
  Json made = Json::object();
  made["base_id"] = c.base_id;
  made["new_id"] = c.new_id;
  made["verdict"] = to_string(c.verdict);
  made["reason"] = text_or_null(c.reason);
  made["subjects"] = c.subjects;
  made["warnings"] = c.warnings;
  made["excluded_trials"] = {{"base", c.excluded_base}, {"new", c.excluded_new}};
  made["unpaired_rounds"] = c.unpaired_rounds;
  made["measures"] = Json::object();
  for (const MeasureComparison& m : c.measures) made["measures"][m.name] = measure_json(m);
  return made;
}

Json lone_json(const std::vector<LoneCase>& cases) {
  Json made = Json::array();
  for (const LoneCase& c : cases) made.push_back({{"id", c.id}, {"status", to_string(c.status)}});
  return made;
}

}  // namespace

std::string comparison_json(const Comparison& comparison, int exit_status) {
  Json made = Json::object();
  made["schema"] = "pktbench-comparison/1";
  made["verdict"] = to_string(comparison.verdict);
  made["reason"] = text_or_null(comparison.reason);
  made["exit_status"] = exit_status;
  made["base"] = run_json(comparison.base);
  made["new"] = run_json(comparison.next);
  made["interleaved"] = comparison.interleaved;
  made["rules"] = {{"min_effect", comparison.rules.min_effect},
                   {"alpha", comparison.rules.alpha},
                   {"must_see", comparison.rules.must_see},
                   {"min_pairs", kMinPairs}};
  made["warnings"] = comparison.warnings;
  made["cases"] = Json::array();
  for (const CaseComparison& c : comparison.cases) made["cases"].push_back(case_json(c));
  made["only_in_base"] = lone_json(comparison.only_in_base);
  made["only_in_new"] = lone_json(comparison.only_in_new);
  made["unsupported"] = lone_json(comparison.unsupported);
  return dump_json(made, 2) + "\n";
}

}  // namespace pktbench
