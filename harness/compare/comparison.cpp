#include "harness/compare/comparison.hpp"

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <cmath>
#include <map>
#include <set>

#include "harness/compare/comparison_sides.hpp"
#include "harness/core/case_result.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/suggest.hpp"

namespace pktbench {

namespace {

// Cycles per packet depend on the load: of offered rates further apart than this they are not
// judged.
constexpr double kSameLoad = 0.05;
const std::string kUnsupported = to_string(CaseStatus::unsupported);

struct MeasureKind {
  const char* name;
  Better better;
  std::optional<double> RecordedTrial::*value;
};
constexpr MeasureKind kRate{"mpps", Better::higher, &RecordedTrial::mpps};
constexpr MeasureKind kCycles{"cycles_per_packet", Better::lower,
                              &RecordedTrial::cycles_per_packet};

bool bounded(const RecordedCase& c) { return bounds_from_below(c.limiter); }

std::set<std::string> sources(const RecordedCase& c) {
  std::set<std::string> made;
  for (const RecordedTrial& trial : c.trials)
    if (trial.ok && trial.cycles_per_packet) made.insert(trial.cycles_source);
  return made;
}

std::string differs(const std::string& what, const std::string& base, const std::string& next) {
  return what + " differs: " + base + " in BASE, " + next + " in NEW";
}

NoiseFloor noise_floor(const MeasureKind& kind, const Sides& sides, const RecordedCase& base) {
  NoiseFloor made;
  const Points points = points_of(sides, base, kind.value);
  PointPairs pairs;
  for (const RecordedCase& twin : sides.base.cases)
    if (twin.id != base.id && twin.status == "ok" && twin.setting == base.setting &&
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

// Why this measure cannot be compared; empty: it can.
std::string obstacle(const MeasureKind& kind, const RecordedCase& base, const RecordedCase& next,
                     const PointPairs& pairs, MeasureComparison& made) {
  const bool cycles = kind.name == kCycles.name;
  const auto has = [&](const RecordedCase& c) {
    return std::any_of(c.trials.begin(), c.trials.end(),
                       [&](const auto& t) { return t.ok && t.*kind.value; });
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
      return differs("the source of cycles", boost::algorithm::join(base_sources, " and "),
                     boost::algorithm::join(new_sources, " and "));
    return "";
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
    if (trial.ok && trial.mpps) rates.push_back(trial.offered_pps.value_or(*trial.mpps * 1e6));
  return summarize(std::move(rates)).median;
}

// Too few pairs want more trials, ten of which are a start, and more where some made no pair.
// Nothing else that is wrong with pairs is mended by more of them.
std::string remedy(std::size_t pairs, std::size_t trials) {
  if (pairs >= kMinPairs) return "";
  const std::size_t wanted = 10 * std::max<std::size_t>(pairs ? trials / pairs : trials, 1);
  return ": make more trials (--trials " + std::to_string(wanted) + ")";
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
  made.reason = obstacle(kind, base, next, pairs, made);
  if (!made.reason.empty()) return made;
  made.noise_floor = noise_floor(kind, sides, base);
  auto found = paired_ratio(pairs.base, pairs.next);
  if (found)
    made.found = *found;
  else
    made.reason = found.error().message + remedy(pairs.base.size(), base.trials.size());
  return made;
}

CaseComparison pair_cases(const Sides& sides, const RecordedCase& base, const RecordedCase& next) {
  CaseComparison made;
  made.base_id = base.id;
  made.new_id = next.id;
  const auto excluded = [](const RecordedCase& c) {
    return static_cast<std::size_t>(
        std::count_if(c.trials.begin(), c.trials.end(), [](const auto& t) { return !t.ok; }));
  };
  made.excluded_base = excluded(base);
  made.excluded_new = excluded(next);
  for (const auto& [key, value] : base.setting)
    if (const std::string& other = next.setting.at(key); value != other) {
      made.reason = differs(key, value, other) + ": not to be compared";
      return made;
    }
  for (const auto* side : {&base, &next})
    if (side->status != "ok") {
      made.reason = std::string(side == &base ? "BASE" : "NEW") + " is " +
                    printable(side->status, 40) + ": " + printable(side->reason, 300);
      return made;
    }
  if (base.id == next.id)
    for (const auto& [key, value] : base.subject)
      if (const std::string& other = next.subject.at(key); value != other)
        made.warnings.push_back(differs(key, value, other));
  if (base.limiter == Limiter::unknown || next.limiter == Limiter::unknown)
    made.warnings.push_back("what limited the rate is not known");
  const Points base_points = points_of(sides, base, kRate.value);
  const Points new_points = points_of(sides, next, kRate.value);
  const PointPairs pairs = pair_points(base_points, new_points, sides.across_rounds);
  const std::size_t most = std::min(base_points.size(), new_points.size());
  std::set<std::size_t> conditions(pairs.conditions.begin(), pairs.conditions.end());
  if (pairs.unlike > 0 || conditions.size() > 1)
    made.warnings.push_back(
        std::to_string(pairs.base.size()) + " pairs of equal condition of " + std::to_string(most) +
        " at most: " + condition_words(sides.conditions, base_points) + " in BASE, " +
        condition_words(sides.conditions, new_points) + " in NEW");
  made.unpaired_rounds = base_points.size() + new_points.size() - 2 * pairs.base.size();
  made.measures = {measure_pairs(kRate, sides, base, next),
                   measure_pairs(kCycles, sides, base, next)};
  return made;
}

void judge_measure(const MeasureKind& kind, const RecordedCase& base, const RecordedCase& next,
                   const CompareRules& rules, MeasureComparison& made) {
  if (!made.found) return;
  made.smallest_change = smallest_change(*made.found, rules);
  Judgement judged = judge(*made.found, made.p_adjusted, kind.better, rules);
  made.verdict = judged.verdict;
  made.reason = std::move(judged.reason);
  if (kind.name == kRate.name) heed_bound(base, next, made);
  if (const NoiseFloor* floor = &made.noise_floor; floor->found) {
    const Verdict itself = judge(*floor->found, floor->found->p, kind.better, rules).verdict;
    if (itself == Verdict::regression || itself == Verdict::improvement)
      made.warnings.push_back(
          floor->against.empty()
              ? "BASE differs from itself, round by round: its trials are not independent"
              : "BASE differs from its twin " + floor->against + ", which does the same");
  }
}

// A generator that was starved, or that another path holds up, makes each packet dearer or cheaper.
void heed_load(MeasureComparison& cycles) {
  if (!cycles.found || !cycles.offered_ratio) return;
  const double off = std::abs(*cycles.offered_ratio - 1);
  if (off <= kSameLoad) return;
  cycles.verdict = Verdict::inconclusive;
  cycles.reason = "the offered rates differ by " + std::to_string(std::lround(100 * off)) +
                  "%, and cycles per packet depend on the load: set traffic.rate to one that both "
                  "sides can send";
}

// The worst of what was judged. Nothing judged: inconclusive.
void conclude(CaseComparison& made) {
  bool any[4] = {};
  for (const MeasureComparison& m : made.measures)
    if (m.found || m.expected) any[static_cast<int>(m.verdict)] = true;
  const auto has = [&](Verdict v) { return any[static_cast<int>(v)]; };
  if (has(Verdict::regression))
    made.verdict = Verdict::regression;
  else if (has(Verdict::inconclusive))
    made.verdict = Verdict::inconclusive;
  else if (has(Verdict::improvement))
    made.verdict = Verdict::improvement;
  else if (has(Verdict::no_change))
    made.verdict = Verdict::no_change;
  else if (made.reason.empty())
    made.reason = made.measures.front().reason;
}

// All the p of one kind, adjusted together.
template <class P>
void adjust(std::vector<CaseComparison>& cases, P p_of, double MeasureComparison::*adjusted) {
  std::vector<double> p;
  std::vector<MeasureComparison*> of;
  for (CaseComparison& c : cases)
    for (MeasureComparison& m : c.measures)
      if (m.found) {
        p.push_back(p_of(*m.found));
        of.push_back(&m);
      }
  const std::vector<double> made = benjamini_hochberg(p);
  for (std::size_t i = 0; i < of.size(); ++i) of[i]->*adjusted = made[i];
}

void warn_of_environment(const RecordedRun& base, const RecordedRun& next, Comparison& made) {
  const auto compare = [&](const std::string& what, const std::string& a, const std::string& b) {
    if (a != b) made.warnings.push_back(differs(what, printable(a, 120), printable(b, 120)));
  };
  made.warnings.push_back(
      "the runs were not interleaved: what drifted between them counts as change");
  compare("host", base.host, next.host);
  compare("pktbench's version", base.tool_version, next.tool_version);
  compare("pktbench's commit", base.git_commit, next.git_commit);
  std::map<std::string, std::string> all = base.environment;
  all.insert(next.environment.begin(), next.environment.end());
  for (const auto& [what, ignored] : all) {
    const auto value = [&what = what](const RecordedRun& run) {
      const auto found = run.environment.find(what);
      return found == run.environment.end() ? "not known" : found->second;
    };
    compare(what, value(base), value(next));
  }
}

const RecordedCase* find_case(const RecordedRun& run, const std::string& id) {
  for (const RecordedCase& c : run.cases)
    if (c.id == id) return &c;
  return nullptr;
}

Result<const RecordedCase*> choose(const RecordedRun& run, const std::string& id) {
  if (const RecordedCase* found = find_case(run, id)) return found;
  std::vector<std::string> ids;
  for (const RecordedCase& c : run.cases) ids.push_back(c.id);
  return input_error(run.path, "/cases", "no case " + in_quotes(id) + suggestion(id, ids));
}

// A comparison of something with itself would always find that nothing has changed.
Result<void> refuse_itself(const RecordedRun& base, const RecordedRun& next,
                           const CompareChoice& choice) {
  if (!choice.base_case.empty() && choice.base_case != choice.new_case) return {};
  if (!share_trials(base, next)) return {};
  const std::string what = base.id == next.id ? "BASE and NEW are one run"
                                              : "BASE and NEW are one run, which was resumed";
  return input_error(next.path, "/run/id",
                     what + ": name two runs, or two of its cases with --base-case and --new-case");
}

void conclude(Comparison& made) {
  std::map<Verdict, std::size_t> count;
  std::size_t judged = 0;
  for (const CaseComparison& c : made.cases) {
    ++count[c.verdict];
    judged += std::any_of(c.measures.begin(), c.measures.end(),
                          [](const auto& m) { return m.found.has_value(); });
  }
  const bool lost = std::any_of(made.only_in_base.begin(), made.only_in_base.end(),
                                [](const LoneCase& c) { return c.status == "ok"; });
  if (count[Verdict::regression]) {
    made.verdict = Verdict::regression;
  } else if (judged == 0) {
    made.reason = "no case could be compared";
  } else if (count[Verdict::inconclusive]) {
    made.reason = std::to_string(count[Verdict::inconclusive]) + " of " +
                  std::to_string(made.cases.size()) + " cases are inconclusive";
  } else if (lost) {
    made.reason = "NEW lacks cases that BASE has";
  } else {
    made.verdict = count[Verdict::improvement] ? Verdict::improvement : Verdict::no_change;
  }
}

}  // namespace

Result<Comparison> compare_runs(const RecordedRun& base, const RecordedRun& next,
                                const CompareChoice& choice) {
  if (auto r = refuse_itself(base, next, choice); !r) return r.error();
  Comparison made;
  made.base = base;
  made.next = next;
  made.base.cases.clear();
  made.next.cases.clear();
  made.rules = choice.rules;
  made.interleaved = base.id == next.id;
  if (!made.interleaved) warn_of_environment(base, next, made);
  for (const auto* run : {&base, &next})
    if (run->interrupted)
      made.warnings.push_back(std::string(run == &base ? "BASE" : "NEW") + " was interrupted");

  std::vector<std::pair<const RecordedCase*, const RecordedCase*>> matched;
  if (!choice.base_case.empty()) {
    auto a = choose(base, choice.base_case);
    if (!a) return a.error();
    auto b = choose(next, choice.new_case);
    if (!b) return b.error();
    matched.emplace_back(*a, *b);
  } else {
    for (const RecordedCase& c : base.cases) {
      const RecordedCase* other = find_case(next, c.id);
      // What neither could measure is no finding.
      if (other && c.status == kUnsupported && other->status == kUnsupported)
        made.unsupported.push_back({c.id, c.status});
      else if (other)
        matched.emplace_back(&c, other);
      else
        made.only_in_base.push_back({c.id, c.status});
    }
    for (const RecordedCase& c : next.cases)
      if (!find_case(base, c.id)) made.only_in_new.push_back({c.id, c.status});
  }
  const Sides sides = sides_of(base, next, !made.interleaved);
  for (const auto& [a, b] : matched) made.cases.push_back(pair_cases(sides, *a, *b));
  adjust(
      made.cases, [](const PairedRatio& r) { return r.p; }, &MeasureComparison::p_adjusted);
  adjust(
      made.cases, [](const PairedRatio& r) { return r.mann_whitney.p; },
      &MeasureComparison::mann_whitney_p_adjusted);
  for (std::size_t i = 0; i < made.cases.size(); ++i) {
    CaseComparison& c = made.cases[i];
    const auto& [a, b] = matched[i];
    if (!c.measures.empty()) {
      judge_measure(kRate, *a, *b, made.rules, c.measures[0]);
      judge_measure(kCycles, *a, *b, made.rules, c.measures[1]);
      heed_load(c.measures[1]);
    }
    conclude(c);
  }
  conclude(made);
  return made;
}

}  // namespace pktbench
