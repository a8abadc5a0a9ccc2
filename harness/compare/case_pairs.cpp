#include "harness/compare/case_pairs.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <utility>

#include "harness/compare/pairing.hpp"
#include "harness/measure/conditions.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

namespace {

struct Measure {
  const char* name;
  std::optional<double> TrialRecord::*value;
  Better better;
};
constexpr std::array<Measure, 2> kMeasures = {{
    {"mpps", &TrialRecord::mpps, Better::higher},
    {"cycles_per_packet", &TrialRecord::cycles_per_packet, Better::lower},
}};

bool same_but_for_the_watching(const CaseSpec& a, const CaseSpec& b) {
  return a.testbed == b.testbed && a.backend == b.backend &&
         a.backend_options == b.backend_options && a.workload == b.workload &&
         a.queues == b.queues && a.traffic.frame_size == b.traffic.frame_size &&
         a.traffic.flows == b.traffic.flows && a.rate_pps == b.rate_pps;
}

std::vector<PairPoint> points_of(const CaseResult& result, const ConditionGroups& conditions,
                                 const Measure& measure) {
  std::map<int, PairPoint> rounds;
  for (const TrialRecord& trial : result.trials)
    if (const auto& value = trial.*measure.value;
        trial.status == TrialStatus::ok && value && std::isfinite(*value))
      rounds[trial.round] = {trial.round, conditions.of(trial.condition), *value};
  std::vector<PairPoint> made;
  for (const auto& [round, point] : rounds) made.push_back(point);
  return made;
}

CasePair compare(const CaseResult& base, const CaseResult& next, const ConditionGroups& conditions,
                 const Measure& measure) {
  PointPairs pairs = pair_points(points_of(base, conditions, measure),
                                 points_of(next, conditions, measure), false);
  auto found = paired_ratio(pairs.base, pairs.next);
  return {base.spec.id,          next.spec.id,          measure.name,     std::move(pairs.rounds),
          std::move(pairs.base), std::move(pairs.next), std::move(found), {}};
}

void judge_together(std::vector<CasePair>& pairs, const std::vector<Better>& better) {
  std::vector<double> p;
  for (const CasePair& pair : pairs)
    if (pair.found) p.push_back(pair.found->p);
  p = benjamini_hochberg(p);
  for (std::size_t i = 0, j = 0; i < pairs.size(); ++i) {
    CasePair& pair = pairs[i];
    pair.judgement = pair.found ? judge(*pair.found, p[j++], better[i], {})
                                : Judgement{Verdict::inconclusive, pair.found.error().message};
  }
}

bool bounded(const CaseResult& result) { return bounds_from_below(result.limiter); }

// As `compare` has it: of rates that are lower bounds, only what holds all the more is left.
void heed_bound(const CaseResult& base, const CaseResult& next, CasePair& pair) {
  if (pair.measure != kMeasures[0].name || (!bounded(base) && !bounded(next))) return;
  const Verdict holds = bounded(base) ? Verdict::regression : Verdict::improvement;
  if (bounded(base) != bounded(next) && pair.judgement.verdict == holds) return;
  const CaseResult& bound = bounded(base) ? base : next;
  pair.judgement = {Verdict::inconclusive, "the rate of " + bound.spec.id +
                                               " is a lower bound, which the " +
                                               to_string(bound.limiter) + " limited"};
}

std::string percent(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%+.2f%%", share * 100);
  return text.data();
}

}  // namespace

std::vector<CasePair> case_pairs(const std::vector<CaseResult>& cases) {
  std::vector<Condition> all;
  for (const CaseResult& c : cases)
    for (const TrialRecord& trial : c.trials) all.push_back(trial.condition);
  const ConditionGroups conditions(all);
  std::vector<CasePair> pairs;
  std::vector<Better> better;
  std::vector<std::pair<std::size_t, std::size_t>> sides;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    std::size_t base = 0;
    while (!same_but_for_the_watching(cases[base].spec, cases[i].spec)) ++base;
    if (base == i) continue;
    const bool cycles = cases[base].spec.telemetry && cases[i].spec.telemetry;
    for (const Measure& measure : kMeasures) {
      if (measure.value == &TrialRecord::cycles_per_packet && !cycles) continue;
      pairs.push_back(compare(cases[base], cases[i], conditions, measure));
      better.push_back(measure.better);
      sides.emplace_back(base, i);
    }
  }
  judge_together(pairs, better);
  for (std::size_t i = 0; i < pairs.size(); ++i)
    if (pairs[i].found) heed_bound(cases[sides[i].first], cases[sides[i].second], pairs[i]);
  return pairs;
}

namespace {

Json pair_json(const CasePair& pair) {
  Json made = Json::object();
  made["base"] = pair.base;
  made["next"] = pair.next;
  made["measure"] = pair.measure;
  Json rounds = Json::array();
  Json ratios = Json::array();
  for (std::size_t i = 0; i < pair.rounds.size(); ++i) {
    const double ratio = pair.next_values[i] / pair.base_values[i];
    if (!inside(ratio, kMeasure)) continue;  // the base is 0
    rounds.push_back(pair.rounds[i]);
    ratios.push_back(ratio);
  }
  made["rounds"] = std::move(rounds);
  made["ratios"] = std::move(ratios);
  made["ratio"] = nullptr;
  made["ci95"] = nullptr;
  made["confidence"] = nullptr;
  made["smallest_change"] = nullptr;
  if (pair.found) {
    made["ratio"] = pair.found->ratio;
    made["ci95"] = Json::array({pair.found->lo, pair.found->hi});
    made["confidence"] = pair.found->confidence;
    made["smallest_change"] = smallest_change(*pair.found, {});
  }
  made["verdict"] = to_string(pair.judgement.verdict);
  made["reason"] = pair.judgement.reason;
  return made;
}

}  // namespace

Json to_json(const std::vector<CasePair>& pairs) {
  Json made = Json::array();
  for (const CasePair& pair : pairs) made.push_back(pair_json(pair));
  return made;
}

std::string pairs_text(const std::vector<CasePair>& pairs) {
  std::string text;
  for (const CasePair& pair : pairs) {
    text.append(pair.next).append(" against ").append(pair.base).append(", ");
    text.append(pair.measure == "mpps" ? "Mpps" : "cycles/packet").append(": ");
    if (pair.found)
      text.append(percent(pair.found->ratio - 1))
          .append(" (95% CI ")
          .append(percent(pair.found->lo - 1))
          .append(" to ")
          .append(percent(pair.found->hi - 1))
          .append(", ")
          .append(std::to_string(pair.found->pairs))
          .append(" rounds): ");
    text.append(to_string(pair.judgement.verdict))
        .append(": ")
        .append(pair.judgement.reason)
        .append("\n");
  }
  return text;
}

}  // namespace pktbench
