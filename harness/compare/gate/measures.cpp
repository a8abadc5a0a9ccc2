#include "harness/compare/gate/measures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/compare/pairing.hpp"
#include "harness/compare/run_draws.hpp"
#include "harness/core/lookup.hpp"
#include "harness/measure/conditions.hpp"
#include "harness/text/input_error.hpp"

namespace pktbench {

namespace {

bool is_of_cycles(const std::string& metric) {
  return metric.find("cycles_per_packet") != std::string::npos;
}

bool same_load(const BaselineCase& one, const BaselineCase& other) {
  if (!one.offered_pps || !other.offered_pps) return !one.offered_pps && !other.offered_pps;
  return std::abs(*one.offered_pps / *other.offered_pps - 1) <= kSameLoad;
}

GateMeasure measure_of(const std::string& id, const BaselineMetric& metric) {
  GateMeasure made;
  made.case_id = id;
  made.metric = metric.name;
  made.unit = metric.unit;
  made.better = metric.higher_is_better ? Better::higher : Better::lower;
  return made;
}

// All restarts of one run are one draw.
std::optional<Draw> draw_in(const std::vector<BaselineCase>& cases, const GateMeasure& m) {
  const BaselineCase* c = find_by(cases, m.case_id, &BaselineCase::id);
  const BaselineMetric* metric = c ? find_by(c->metrics, m.metric, &BaselineMetric::name) : nullptr;
  if (!metric) return std::nullopt;
  BaselineRun as_one;
  return draws_of(as_one, *metric).front();
}

class History {
 public:
  History(const Epoch& epoch, const std::vector<BaselineCase>& tonight)
      : epoch_(epoch), conditions_(all_conditions(epoch, tonight)) {}

  // The last draws that are alike, and how many were not.
  std::vector<Draw> of(const BaselineCase& c, const std::string& name, std::size_t most,
                       std::size_t& unlike) const {
    std::vector<Draw> made;
    for (auto run = epoch_.runs.rbegin(); run != epoch_.runs.rend() && made.size() < most; ++run) {
      const BaselineCase* before = find_by(run->cases, c.id, &BaselineCase::id);
      const auto* metric = before ? find_by(before->metrics, name, &BaselineMetric::name) : nullptr;
      if (!metric) continue;
      if (!alike(*before, c, name)) {
        ++unlike;
        continue;
      }
      const std::vector<Draw> draws = draws_of(*run, *metric);
      made.insert(made.end(), draws.begin(), draws.end());
    }
    made.resize(std::min(made.size(), most));
    return made;
  }

 private:
  static ConditionGroups all_conditions(const Epoch& epoch,
                                        const std::vector<BaselineCase>& tonight) {
    std::vector<Condition> all;
    for (const BaselineCase& c : tonight) all.push_back(c.condition);
    for (const BaselineRun& run : epoch.runs)
      for (const BaselineCase& c : run.cases) all.push_back(c.condition);
    return ConditionGroups(all);
  }

  bool alike(const BaselineCase& one, const BaselineCase& other, const std::string& name) const {
    if (conditions_.of(one.condition) != conditions_.of(other.condition)) return false;
    if (!is_of_cycles(name)) return true;
    return one.cycles_source == other.cycles_source && same_load(one, other);
  }

  const Epoch& epoch_;
  ConditionGroups conditions_;
};

std::set<std::string> ids_in(const Epoch& epoch) {
  std::set<std::string> made;
  for (const BaselineRun& run : epoch.runs)
    for (const BaselineCase& c : run.cases) made.insert(c.id);
  return made;
}

GateMeasure lost(const std::string& id, const RecordedRun& run) {
  const RecordedCase* c = find_by(run.cases, id, &RecordedCase::id);
  GateMeasure made;
  made.case_id = id;
  made.reason = c ? fmt::format("it is {}: {}", to_string(c->status), printable(c->reason, 300))
                  : std::string("the history has it and this run has not");
  return made;
}

}  // namespace

std::vector<GateMeasure> gate_measures(const Epoch& epoch, const RecordedRun& run,
                                       const GateRules& rules) {
  const std::vector<BaselineCase> tonight = baseline_cases(run);
  const History history(epoch, tonight);
  std::vector<GateMeasure> made;
  for (const BaselineCase& c : tonight)
    for (const BaselineMetric& metric : c.metrics) {
      GateMeasure m = measure_of(c.id, metric);
      std::size_t unlike = 0;
      m.history = history.of(c, metric.name, rules.history, unlike);
      m.first = {*draw_in(tonight, m)};
      m.condition = c.condition;
      if (m.history.size() < rules.least_history && unlike > 0)
        m.reason = fmt::format(
            "the history has {} runs in this condition and at this load, {} in another, and an "
            "alarm "
            "needs {}",
            m.history.size(), unlike, rules.least_history);
      made.push_back(std::move(m));
    }
  std::set<std::string> known = ids_in(epoch);
  for (const RecordedCase& c : run.cases)
    if (c.status != CaseStatus::ok && c.status != CaseStatus::unsupported) known.insert(c.id);
  for (const std::string& id : known)
    if (!contains(tonight, id, &BaselineCase::id)) made.push_back(lost(id, run));
  return made;
}

std::vector<GateMeasure> incomparable_measures(const RecordedRun& run, const std::string& field,
                                               const std::string& why) {
  std::vector<GateMeasure> made;
  for (const BaselineCase& c : baseline_cases(run))
    for (const BaselineMetric& metric : c.metrics) {
      GateMeasure m = measure_of(c.id, metric);
      m.kind = GateKind::incomparable;
      m.field = field;
      m.reason = why;
      made.push_back(std::move(m));
    }
  return made;
}

std::vector<GateMeasure> measures_in_turn(const std::vector<RecordedRun>& base,
                                          const std::vector<RecordedRun>& next) {
  std::vector<GateMeasure> made;
  if (base.empty() || next.empty()) return made;
  for (const BaselineCase& c : baseline_cases(next.front()))
    for (const BaselineMetric& metric : c.metrics) {
      GateMeasure m = measure_of(c.id, metric);
      m.in_turn = true;
      made.push_back(std::move(m));
    }
  std::vector<Condition> conditions;
  std::vector<std::vector<BaselineCase>> base_cases;
  std::vector<std::vector<BaselineCase>> next_cases;
  for (const RecordedRun& run : base) base_cases.push_back(baseline_cases(run));
  for (const RecordedRun& run : next) next_cases.push_back(baseline_cases(run));
  for (const auto* side : {&base_cases, &next_cases})
    for (const auto& cases : *side)
      for (const BaselineCase& c : cases) conditions.push_back(c.condition);
  const ConditionGroups groups(conditions);
  for (GateMeasure& m : made)
    for (std::size_t i = 0; i < std::min(base.size(), next.size()); ++i) {
      const BaselineCase* a = find_by(base_cases[i], m.case_id, &BaselineCase::id);
      const BaselineCase* b = find_by(next_cases[i], m.case_id, &BaselineCase::id);
      const auto before = draw_in(base_cases[i], m);
      const auto after = draw_in(next_cases[i], m);
      if (!a || !b || !before || !after) continue;
      if (groups.of(a->condition) != groups.of(b->condition)) continue;
      if (is_of_cycles(m.metric) && (a->cycles_source != b->cycles_source || !same_load(*a, *b)))
        continue;
      m.history.push_back(*before);
      m.again.push_back(*after);
    }
  for (const RecordedCase& c : next.front().cases)
    if (c.status != CaseStatus::ok && c.status != CaseStatus::unsupported)
      made.push_back(lost(c.id, next.front()));
  return made;
}

void add_run(std::vector<GateMeasure>& all, const RecordedRun& run) {
  const std::vector<BaselineCase> cases = baseline_cases(run);
  for (GateMeasure& m : all) {
    const BaselineCase* c = m.open ? find_by(cases, m.case_id, &BaselineCase::id) : nullptr;
    const auto draw = draw_in(cases, m);
    if (!c || !draw) continue;
    // What was made with CPUs farther apart has other costs.
    const ConditionGroups groups({m.condition, c->condition});
    if (groups.of(m.condition) == groups.of(c->condition)) m.again.push_back(*draw);
  }
}

std::vector<std::string> open_cases(const std::vector<GateMeasure>& all) {
  std::vector<std::string> made;
  for (const GateMeasure& m : all)
    if (m.open && !contains(made, m.case_id)) made.push_back(m.case_id);
  return made;
}

}  // namespace pktbench
