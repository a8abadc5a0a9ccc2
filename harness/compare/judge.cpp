#include "harness/compare/judge.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <cmath>
#include <set>
#include <utility>

#include "harness/compare/measure_kind.hpp"
#include "harness/core/lookup.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/numbers.hpp"

namespace pktbench {

namespace {

std::size_t rounds_made(const RecordedCase& c) {
  std::set<int> rounds;
  for (const RecordedTrial& trial : c.trials) rounds.insert(trial.round);
  return rounds.size();
}

NoiseFloor noise_floor(const MeasureKind& kind, const Sides& sides, const RecordedCase& base) {
  NoiseFloor made;
  const Points points = points_of(sides, base, kind.value);
  PointPairs pairs;
  for (const RecordedCase& twin : sides.base.cases)
    if (twin.id != base.id && twin.status == CaseStatus::ok && twin.comparable == base.comparable &&
        twin.subject == base.subject) {
      made.against = twin.id;
      pairs = pair_points(points, points_of(sides, twin, kind.value));
      break;
    }
  if (made.against.empty()) {
    Points even;
    Points odd;
    for (const PairPoint& p : points)
      (p.round % 2 ? odd : even).push_back({p.round / 2, p.condition, p.value});
    pairs = pair_points(even, odd);
  }
  const auto found = paired_ratio(pairs.base, pairs.next);
  if (found)
    made.found = *found;
  else
    made.reason =
        (made.against.empty() ? "of consecutive rounds of BASE: "
                              : "of BASE against " + printable(made.against, 200) + ": ") +
        found.error().message;
  return made;
}

// Where a rate is a lower bound on one side, only what holds all the more is left of a judgement.
void heed_bound(const RecordedCase& base, const RecordedCase& next, MeasureComparison& made) {
  if (!bounded(base) && !bounded(next)) return;
  const bool holds = made.verdict == (bounded(base) ? Verdict::regression : Verdict::improvement);
  const std::string side = bounded(base) ? "BASE" : "NEW";
  if (holds) {
    made.warnings.push_back("the rate of " + side +
                            " is a lower bound: the change is at least this large");
    return;
  }
  made.verdict = Verdict::inconclusive;
  made.reason = "the rate of " + side + " is a lower bound, which the " +
                to_string(bounded(base) ? base.limiter : next.limiter) + " limited";
}

// Of the ok trials; a run that does not tell has what it received.
std::optional<double> median_offered(const RecordedCase& c) {
  std::vector<double> rates;
  for (const RecordedTrial& trial : c.trials)
    if (is_ok(trial) && trial.mpps) rates.push_back(trial.offered_pps.value_or(*trial.mpps * 1e6));
  return summarize(std::move(rates)).median;
}

// Too few pairs want more trials, ten of which are a start, and more where some made no pair.
// Nothing else that is wrong with pairs is mended by more of them.
std::string remedy(std::size_t pairs, std::size_t trials) {
  if (pairs >= kMinPairs) return "";
  const std::size_t wanted = 10 * std::max<std::size_t>(pairs ? trials / pairs : trials, 1);
  return fmt::format(": make more trials (--trials {})", wanted);
}

void set_offered(const RecordedCase& base, const RecordedCase& next, MeasureComparison& made) {
  const auto base_offered = median_offered(base);
  const auto next_offered = median_offered(next);
  if (base_offered && next_offered && *base_offered > 0)
    made.offered_ratio = *next_offered / *base_offered;
}

Summary summary_of(const std::vector<Draw>& draws) {
  std::vector<double> medians;
  for (const Draw& draw : draws) medians.push_back(draw.median);
  return summarize(std::move(medians));
}

// Of separate runs.
void measure_runs(const MeasureKind& kind, const Sides& sides, const RecordedCase& base,
                  const RecordedCase& next, MeasureComparison& made) {
  made.draws = draws_of(sides, base.id, next.id, kind.value);
  made.base = summary_of(made.draws.base);
  made.next = summary_of(made.draws.next);
  set_offered(base, next, made);
  made.reason = obstacle(kind, base, next, !made.draws.base.empty(), made);
  if (!made.reason.empty()) return;
  const auto found = between_runs(made.draws.base, made.draws.next);
  made.judged = static_cast<bool>(found);
  if (found)
    made.between = *found;
  else
    made.reason = fmt::format(
        "the medians differ by {}, but {}: {}",
        change_percent(mean_draw(made.draws.next).median / mean_draw(made.draws.base).median),
        found.error().message, more_runs(made.draws, {}));
  if (made.draws.left_out > 0)
    made.warnings.push_back(fmt::format(
        "{} ok trials were left out: they were made in another condition", made.draws.left_out));
}

MeasureComparison measure_pairs(const MeasureKind& kind, const Sides& sides,
                                const RecordedCase& base, const RecordedCase& next) {
  MeasureComparison made;
  made.name = kind.name;
  if (sides.apart) {
    measure_runs(kind, sides, base, next, made);
    return made;
  }
  const PointPairs pairs =
      pair_points(points_of(sides, base, kind.value), points_of(sides, next, kind.value));
  const PointPairs shown = commonest_condition(pairs);
  made.base = summarize(shown.base);
  made.next = summarize(shown.next);
  set_offered(base, next, made);
  const auto found = paired_ratio(pairs.base, pairs.next);
  if (found) made.found = *found;
  made.pairs = pairs;
  made.reason = obstacle(kind, base, next, !pairs.base.empty(), made);
  if (!made.reason.empty()) return made;
  made.judged = made.found.has_value();
  if (made.judged)
    made.noise_floor = noise_floor(kind, sides, base);
  else
    made.reason = found.error().message + remedy(pairs.base.size(), base.trials.size());
  return made;
}

void compare_settings(const RecordedCase& base, const RecordedCase& next, CaseComparison& made) {
  for (const Unlike& found : unlike(base.comparable, next.comparable))
    switch (difference_in(found.name)) {
      case Difference::obstacle:
        made.reason = found.words() + ": not to be compared";
        return;
      case Difference::subject:
        made.subjects.push_back(found.words());
        break;
      case Difference::warning:
        made.warnings.push_back(found.words());
    }
}

// What must be the same in all runs of a side; empty: it is.
std::string unlike_within(const std::vector<const RecordedRun*>& runs, const RecordedCase& first,
                          const char* side) {
  for (const RecordedRun* run : runs)
    if (const RecordedCase* other = find_by(run->cases, first.id, &RecordedCase::id))
      for (const Unlike& found : unlike(first.comparable, other->comparable))
        if (difference_in(found.name) != Difference::warning)
          return fmt::format("{} differs between the runs of {}: {} and {}", found.name, side,
                             found.base, found.next);
  return "";
}

CaseComparison pair_cases(const Sides& sides, const RecordedCase& base, const RecordedCase& next) {
  CaseComparison made;
  made.base_id = base.id;
  made.new_id = next.id;
  const auto excluded = [](const RecordedCase& c) {
    return static_cast<std::size_t>(
        std::ranges::count(c.trials, false, [](const auto& t) { return is_ok(t); }));
  };
  made.excluded_base = excluded(base);
  made.excluded_new = excluded(next);
  for (const auto* side : {&base, &next})
    if (const std::size_t rounds = rounds_made(*side); std::cmp_less(rounds, side->rounds_planned))
      made.warnings.push_back(fmt::format("{} has {} of the {} rounds that were asked for",
                                          side == &base ? "BASE" : "NEW", rounds,
                                          side->rounds_planned));
  compare_settings(base, next, made);
  if (made.reason.empty()) made.reason = unlike_within(sides.base_runs, base, "BASE");
  if (made.reason.empty()) made.reason = unlike_within(sides.next_runs, next, "NEW");
  if (!made.reason.empty()) return made;
  // What the method did not find, as the rate of trials at loads that differ, says nothing of the
  // device.
  if (!base.metrics.empty() && !contains(base.metrics, kRate.name, &RecordedMetric::name)) {
    made.reason = fmt::format(
        "what was found of it is {}, for which each trial has a load of its own; read what both "
        "runs found instead",
        boost::algorithm::join(names_of(base.metrics), ", "));
    return made;
  }
  for (const auto* side : {&base, &next})
    if (side->status != CaseStatus::ok) {
      made.reason = std::string(side == &base ? "BASE" : "NEW") + " is " + to_string(side->status) +
                    ": " + printable(side->reason, 300);
      return made;
    }
  if (base.id == next.id)
    for (const Unlike& found : unlike(base.subject, next.subject))
      made.warnings.push_back(found.words());
  if (base.limiter == Limiter::unknown || next.limiter == Limiter::unknown)
    made.warnings.push_back("what limited the rate is not known");
  const Points base_points = points_of(sides, base, kRate.value);
  const Points new_points = points_of(sides, next, kRate.value);
  const PointPairs pairs = pair_points(base_points, new_points);
  const std::size_t most = std::min(base_points.size(), new_points.size());
  std::set<std::size_t> conditions(pairs.conditions.begin(), pairs.conditions.end());
  if (!sides.apart && (pairs.unlike > 0 || conditions.size() > 1))
    made.warnings.push_back(
        fmt::format("{} pairs of equal condition of {} at most: {} in BASE, {} in NEW",
                    pairs.base.size(), most, condition_words(sides.conditions, base_points),
                    condition_words(sides.conditions, new_points)));
  if (!sides.apart)
    made.unpaired_rounds = base_points.size() + new_points.size() - 2 * pairs.base.size();
  made.measures = {measure_pairs(kRate, sides, base, next),
                   measure_pairs(kCycles, sides, base, next)};
  if (judged_by_busy_cycles(base, next))
    made.measures.push_back(measure_pairs(kBusyCycles, sides, base, next));
  return made;
}

// A generator that was starved, or that another path holds up, makes each packet dearer or cheaper.
void heed_load(MeasureComparison& cycles) {
  if (!cycles.offered_ratio) return;
  const double off = std::abs(*cycles.offered_ratio - 1);
  if (off <= kSameLoad) return;
  cycles.verdict = Verdict::inconclusive;
  cycles.reason = fmt::format(
      "the offered rates differ by {}%, and cycles per packet depend on the load: set traffic.rate "
      "to one that both sides can send",
      std::lround(100 * off));
}

// REQUIRES: it is to be judged.
void judge_measure(const RecordedCase& base, const RecordedCase& next, const CompareRules& rules,
                   MeasureComparison& made) {
  const MeasureKind& kind = made.name == kRate.name     ? kRate
                            : made.name == kCycles.name ? kCycles
                                                        : kBusyCycles;
  const auto& runs = made.between;
  made.smallest_change = runs ? smallest_change(*runs, rules) : smallest_change(*made.found, rules);
  Judgement judged =
      runs ? judge(*runs, made.p_adjusted, made.smallest_change, "runs", kind.better, rules)
           : judge(*made.found, made.p_adjusted, kind.better, rules);
  made.verdict = judged.verdict;
  made.reason = std::move(judged.reason);
  if (kind.name == kRate.name)
    heed_bound(base, next, made);
  else
    heed_load(made);
  if (const NoiseFloor* floor = &made.noise_floor; floor->found) {
    const Verdict itself = judge(*floor->found, floor->found->p, kind.better, rules).verdict;
    if (itself == Verdict::regression || itself == Verdict::improvement)
      made.warnings.push_back(
          floor->against.empty()
              ? "BASE differs from itself, round by round: its trials are not independent"
              : "BASE differs from its twin " + floor->against + ", which does the same");
  }
}

// The worst of what was judged. Nothing judged: inconclusive.
void conclude(CaseComparison& made) {
  std::set<Verdict> all;
  for (const MeasureComparison& m : made.measures)
    if (m.judged || m.expected) all.insert(m.verdict);
  for (const Verdict worst :
       {Verdict::regression, Verdict::inconclusive, Verdict::improvement, Verdict::no_change})
    if (all.contains(worst)) {
      made.verdict = worst;
      return;
    }
  if (made.reason.empty()) made.reason = made.measures.front().reason;
}

// All the p of one kind, adjusted together.
void adjust(std::vector<CaseComparison>& cases) {
  std::vector<MeasureComparison*> judged;
  std::vector<double> p;
  std::vector<double> mann_whitney_p;
  for (CaseComparison& c : cases)
    for (MeasureComparison& m : c.measures)
      if (m.judged) {
        judged.push_back(&m);
        p.push_back(m.change()->p);
        mann_whitney_p.push_back(m.found ? m.found->mann_whitney.p : 1);
      }
  p = benjamini_hochberg(p);
  mann_whitney_p = benjamini_hochberg(mann_whitney_p);
  for (std::size_t i = 0; i < judged.size(); ++i) {
    judged[i]->p_adjusted = p[i];
    judged[i]->mann_whitney_p_adjusted = mann_whitney_p[i];
  }
}

}  // namespace

std::string MeasureComparison::words() const {
  if (name == kRate.name) return "Mpps";
  return name == kCycles.name ? "cycles/packet" : "busy cycles/packet";
}

const Change* MeasureComparison::change() const {
  if (between) return &*between;
  return found ? &*found : nullptr;
}

std::vector<Unlike> unlike(const std::map<std::string, std::string>& base,
                           const std::map<std::string, std::string>& next) {
  const auto value = [](const auto& of, const std::string& name) {
    const std::string* found = find_in(of, name);
    return found ? *found : "not known";
  };
  std::map<std::string, std::string> all = base;
  all.insert(next.begin(), next.end());
  std::vector<Unlike> made;
  for (const auto& [name, ignored] : all) {
    Unlike one{name, value(base, name), value(next, name)};
    if (one.base != one.next) made.push_back(std::move(one));
  }
  return made;
}

std::vector<CaseComparison> judge_cases(const Sides& sides, const MatchedCases& matched,
                                        const CompareRules& rules) {
  std::vector<CaseComparison> made;
  for (const auto& [base, next] : matched) made.push_back(pair_cases(sides, *base, *next));
  adjust(made);
  for (std::size_t i = 0; i < made.size(); ++i) {
    const auto& [base, next] = matched[i];
    for (MeasureComparison& m : made[i].measures)
      if (m.judged) judge_measure(*base, *next, rules, m);
    conclude(made[i]);
  }
  return made;
}

}  // namespace pktbench
