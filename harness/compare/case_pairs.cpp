#include "harness/compare/case_pairs.hpp"

#include <fmt/format.h>

#include "harness/record/json.hpp"
#include "harness/text/numbers.hpp"
#include "harness/text/record_number.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

namespace {

bool same_but_for_the_watching(const RecordedCase& a, const RecordedCase& b) {
  const auto measured = [](const RecordedCase& c) {
    auto made = c.subject;
    for (const char* key : {"telemetry", "mode"}) made.erase(key);
    return made;
  };
  return a.comparable == b.comparable && measured(a) == measured(b);
}

// What is not there to be compared, as the cycles of a case without telemetry, is no finding.
std::vector<MeasureComparison> findings(const CaseComparison& pair) {
  if (pair.measures.empty()) {
    MeasureComparison none;
    none.name = "mpps";
    none.reason = pair.reason;
    return {none};
  }
  std::vector<MeasureComparison> made;
  for (const MeasureComparison& m : pair.measures)
    if (m.found || m.expected) made.push_back(m);
  return made;
}

Json pair_json(const CaseComparison& pair, const MeasureComparison& m) {
  Json rounds = Json::array();
  Json ratios = Json::array();
  for (std::size_t i = 0; i < m.pairs.rounds.size(); ++i) {
    const double ratio = m.pairs.next[i] / m.pairs.base[i];
    if (!inside(ratio, kMeasure)) continue;  // the base is 0
    rounds.push_back(m.pairs.rounds[i]);
    ratios.push_back(ratio);
  }
  const auto& f = m.found;
  return {{"base", pair.base_id},
          {"next", pair.new_id},
          {"measure", m.name},
          {"rounds", std::move(rounds)},
          {"ratios", std::move(ratios)},
          {"ratio", f ? Json(f->ratio) : Json()},
          {"ci95", f ? Json::array({f->lo, f->hi}) : Json()},
          {"confidence", f ? Json(f->confidence) : Json()},
          {"smallest_change", f ? Json(smallest_change(*f, {})) : Json()},
          {"verdict", to_string(m.verdict)},
          {"reason", m.reason}};
}

std::string line(const CaseComparison& pair, const MeasureComparison& m) {
  std::string made = pair.new_id + " against " + pair.base_id + ", " + m.words() + ": ";
  if (m.found)
    made += fmt::format("{} (95% CI {} to {}, {} rounds): ", change_percent(m.found->ratio),
                        change_percent(m.found->lo), change_percent(m.found->hi), m.found->pairs);
  return made + to_string(m.verdict) + ": " + m.reason + "\n";
}

}  // namespace

MatchedCases pairs_of(const RecordedRun& run) {
  MatchedCases made;
  for (const RecordedCase& next : run.cases) {
    const RecordedCase* base = run.cases.data();
    while (!same_but_for_the_watching(*base, next)) ++base;
    if (base != &next) made.emplace_back(base, &next);
  }
  return made;
}

std::vector<CaseComparison> case_pairs(const RecordedRun& run) {
  return judge_cases(sides_of({&run}, {&run}, false), pairs_of(run), {});
}

Json to_json(const std::vector<CaseComparison>& pairs) {
  Json made = Json::array();
  for (const CaseComparison& pair : pairs)
    for (const MeasureComparison& m : findings(pair)) made.push_back(pair_json(pair, m));
  return made;
}

std::string pairs_text(const std::vector<CaseComparison>& pairs) {
  std::string text;
  for (const CaseComparison& pair : pairs)
    for (const MeasureComparison& m : findings(pair)) text += line(pair, m);
  return text;
}

}  // namespace pktbench
