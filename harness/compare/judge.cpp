#include "harness/compare/judge.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <cmath>
#include <set>
#include <utility>

#include "harness/core/lookup.hpp"
#include "harness/text/input_error.hpp"

namespace pktbench {

namespace {

constexpr double kSameLoad = 0.05;  // of medians of offered rates, relative

struct MeasureKind {
  const char* name;
  Better better;
  std::optional<double> RecordedTrial::*value;
};
constexpr MeasureKind kRate{"mpps", Better::higher, &RecordedTrial::mpps};
constexpr MeasureKind kCycles{"cycles_per_packet", Better::lower,
                              &RecordedTrial::cycles_per_packet};
constexpr MeasureKind kBusyCycles{"busy_cycles_per_packet", Better::lower,
                                  &RecordedTrial::busy_cycles_per_packet};

bool bounded(const RecordedCase& c) { return bounds_from_below(c.limiter); }

std::size_t rounds_made(const RecordedCase& c) {
  std::set<int> rounds;
  for (const RecordedTrial& trial : c.trials) rounds.insert(trial.round);
  return rounds.size();
}

std::set<std::string> sources(const RecordedCase& c) {
  std::set<std::string> made;
  for (const RecordedTrial& trial : c.trials)
    if (is_ok(trial) && trial.cycles_per_packet) made.insert(trial.cycles_source);
  return made;
}

NoiseFloor noise_floor(const MeasureKind& kind, const Sides& sides, const RecordedCase& base) {
  NoiseFloor made;
  const Points points = points_of(sides, base, kind.value);
  PointPairs pairs;
  for (const RecordedCase& twin : sides.base.cases)
    if (twin.id != base.id && twin.status == CaseStatus::ok && twin.comparable == base.comparable &&
        twin.subject == base.subject) {
      made.against = twin.id;
      pairs = pair_points(points, points_of(sides, twin, kind.value), false);
      break;
    }
  if (made.against.empty()) {
    Points even;
    Points odd;
    for (const PairPoint& p : points)
      (p.round % 2 ? odd : even).push_back({p.round / 2, p.condition, p.value});
    pairs = pair_points(even, odd, false);
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

// In most of the ok trials.
bool spins(const RecordedCase& c) {
  std::ptrdiff_t balance = 0;
  for (const RecordedTrial& trial : c.trials)
    if (is_ok(trial)) balance += trial.spins ? 1 : -1;
  return balance > 0;
}

// Where a loop of either spins, and both tell what is busy.
bool judged_by_busy_cycles(const RecordedCase& base, const RecordedCase& next) {
  const auto any_ok = [](const RecordedCase& c, auto has) {
    return std::ranges::any_of(c.trials, [&](const auto& t) { return is_ok(t) && has(t); });
  };
  const auto tells_polls = [](const RecordedTrial& t) { return t.tells_polls; };
  const auto is_told = [](const RecordedTrial& t) { return t.busy_cycles_per_packet.has_value(); };
  return (any_ok(base, tells_polls) || any_ok(next, tells_polls)) && any_ok(base, is_told) &&
         any_ok(next, is_told);
}

// Why this measure is not judged; empty: it is.
std::string obstacle(const MeasureKind& kind, const RecordedCase& base, const RecordedCase& next,
                     const PointPairs& pairs, MeasureComparison& made) {
  const bool cycles = kind.name != kRate.name;
  const auto has = [&](const RecordedCase& c) {
    return std::ranges::any_of(c.trials, [&](const auto& t) { return is_ok(t) && t.*kind.value; });
  };
  const bool in_base = has(base);
  const bool in_new = has(next);
  if (!in_base || !in_new) {
    const bool switched_off = cycles && (base.subject.at("telemetry") == "none" ||
                                         next.subject.at("telemetry") == "none");
    made.expected = (in_base || in_new) && !switched_off;
    return std::string("no ok trial of ") +
           (in_base  ? "NEW"
            : in_new ? "BASE"
                     : "either side") +
           " has a value";
  }
  if (pairs.base.empty()) return "no two of the trials have the same condition";
  if (cycles) {
    const auto base_sources = sources(base);
    const auto new_sources = sources(next);
    if (base_sources.size() > 1 || base_sources != new_sources)
      return Unlike{"the source of cycles", boost::algorithm::join(base_sources, " and "),
                    boost::algorithm::join(new_sources, " and ")}
          .words();
    if (kind.name == kBusyCycles.name) return "";
    if (judged_by_busy_cycles(base, next)) {
      made.expected = false;
      return "a loop that spins is judged by its busy cycles: these are its whole CPU's";
    }
    if (!spins(base) && !spins(next)) return "";
    made.expected = false;
    return std::string(spins(base) ? spins(next) ? "BASE and NEW spin" : "BASE spins"
                                   : "NEW spins") +
           ": without idle time below what the DUT can do, cycles per packet are the clock by the "
           "rate and no cost";
  }
  if (bounded(base) && bounded(next)) {
    made.expected = false;
    return "both rates are lower bounds: the " + std::string(to_string(base.limiter)) +
           " limited BASE, the " + to_string(next.limiter) + " NEW";
  }
  return "";
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

MeasureComparison measure_pairs(const MeasureKind& kind, const Sides& sides,
                                const RecordedCase& base, const RecordedCase& next) {
  MeasureComparison made;
  made.name = kind.name;
  const PointPairs pairs = pair_points(points_of(sides, base, kind.value),
                                       points_of(sides, next, kind.value), sides.across_rounds);
  const PointPairs shown = commonest_condition(pairs);
  made.base = summarize(shown.base);
  made.next = summarize(shown.next);
  const auto base_offered = median_offered(base);
  const auto next_offered = median_offered(next);
  if (base_offered && next_offered && *base_offered > 0)
    made.offered_ratio = *next_offered / *base_offered;
  const auto found = paired_ratio(pairs.base, pairs.next);
  if (found) made.found = *found;
  made.pairs = pairs;
  made.reason = obstacle(kind, base, next, pairs, made);
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
  if (!made.reason.empty()) return made;
  // What the method did not find, as the rate of trials at loads that differ, says nothing of the
  // device.
  if (!base.metrics.empty() && !base.metrics.contains(kRate.name)) {
    made.reason = fmt::format(
        "what was found of it is {}, for which each trial has a load of its own; read what both "
        "runs found instead",
        fmt::join(base.metrics, ", "));
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
  const PointPairs pairs = pair_points(base_points, new_points, sides.across_rounds);
  const std::size_t most = std::min(base_points.size(), new_points.size());
  std::set<std::size_t> conditions(pairs.conditions.begin(), pairs.conditions.end());
  if (pairs.unlike > 0 || conditions.size() > 1)
    made.warnings.push_back(
        fmt::format("{} pairs of equal condition of {} at most: {} in BASE, {} in NEW",
                    pairs.base.size(), most, condition_words(sides.conditions, base_points),
                    condition_words(sides.conditions, new_points)));
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
  made.smallest_change = smallest_change(*made.found, rules);
  Judgement judged = judge(*made.found, made.p_adjusted, kind.better, rules);
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
        p.push_back(m.found->p);
        mann_whitney_p.push_back(m.found->mann_whitney.p);
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
