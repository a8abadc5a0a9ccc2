#include "harness/compare/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/compare/case_pairs.hpp"
#include "harness/core/lookup.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/suggest.hpp"

namespace pktbench {

namespace {

void warn_of_environment(const RecordedHead& base, const RecordedHead& next, Comparison& made) {
  made.warnings.push_back(
      "the runs were not interleaved: what drifted between them counts as change");
  const auto maker = [](const RecordedHead& run) {
    return std::map<std::string, std::string>{{"host", run.host},
                                              {"pktbench's version", run.tool_version},
                                              {"pktbench's commit", run.git_commit}};
  };
  for (const auto& differences :
       {unlike(maker(base), maker(next)), unlike(base.environment, next.environment)})
    for (const Unlike& found : differences)
      made.warnings.push_back(
          Unlike{found.name, printable(found.base, 120), printable(found.next, 120)}.words());
}

Result<const RecordedCase*> choose(const RecordedRun& run, const std::string& id) {
  if (const RecordedCase* found = find_by(run.cases, id, &RecordedCase::id)) return found;
  std::vector<std::string> ids;
  for (const RecordedCase& c : run.cases) ids.push_back(c.id);
  return input_error(run.path, "/cases", "no case " + in_quotes(id) + suggestion(id, ids));
}

// A comparison of something with itself would always find that nothing has changed.
Result<void> refuse_itself(const RecordedRun& base, const RecordedRun& next) {
  if (!share_trials(base, next)) return {};
  const std::string what = base.id == next.id ? "BASE and NEW are one run"
                                              : "BASE and NEW are one run, which was resumed";
  return input_error(next.path, "/run/id",
                     what + ": name two runs, or two of its cases with --base-case and --new-case");
}

// A run that stands for a side twice would make it look steadier than it is.
Result<void> refuse_twice(const std::vector<const RecordedRun*>& runs) {
  for (std::size_t i = 0; i < runs.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (share_trials(*runs[k], *runs[i]))
        return input_error(
            runs[i]->path, "/run/id",
            "is the same run as " + printable(runs[k]->path, 300) + ": name it once");
  return {};
}

void conclude(Comparison& made) {
  std::map<Verdict, std::size_t> count;
  bool judged = false;
  for (const CaseComparison& c : made.cases) {
    ++count[c.verdict];
    judged |= std::ranges::any_of(c.measures, &MeasureComparison::judged);
  }
  const bool lost = contains(made.only_in_base, CaseStatus::ok, &LoneCase::status);
  if (count[Verdict::regression]) {
    made.verdict = Verdict::regression;
  } else if (!judged) {
    made.reason = "no case could be compared";
  } else if (count[Verdict::inconclusive]) {
    made.reason = fmt::format("{} of {} cases are inconclusive", count[Verdict::inconclusive],
                              made.cases.size());
  } else if (lost) {
    made.reason = "NEW lacks cases that BASE has";
  } else {
    made.verdict = count[Verdict::improvement] ? Verdict::improvement : Verdict::no_change;
  }
}

// Two cases of one run that are among its pairs are judged as there: with the others' p.
std::vector<CaseComparison> judge(const Sides& sides, const MatchedCases& matched,
                                  const Comparison& about) {
  if (!about.interleaved) return judge_cases(sides, matched, about.rules);
  const auto& [a, b] = matched.front();
  MatchedCases all = pairs_of(sides.base);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::set<std::string> ids = {all[i].first->id, all[i].second->id};
    if (ids != std::set<std::string>{a->id, b->id}) continue;
    all[i] = {a, b};
    return {judge_cases(sides, all, about.rules).at(i)};
  }
  return judge_cases(sides, matched, about.rules);
}

}  // namespace

Result<Comparison> compare_runs(const RecordedRun& base, const RecordedRun& next,
                                const CompareChoice& choice) {
  return compare_runs(std::vector{&base}, std::vector{&next}, choice);
}

Result<Comparison> compare_runs(const std::vector<const RecordedRun*>& base_runs,
                                const std::vector<const RecordedRun*>& next_runs,
                                const CompareChoice& choice) {
  const RecordedRun& base = *base_runs.front();
  const RecordedRun& next = *next_runs.front();
  const bool two_cases = !choice.base_case.empty() && choice.base_case != choice.new_case;
  const bool alone = base_runs.size() == 1 && next_runs.size() == 1;
  for (const auto* runs : {&base_runs, &next_runs})
    if (auto r = refuse_twice(*runs); !r) return r.error();
  for (const RecordedRun* a : base_runs)
    for (const RecordedRun* b : next_runs)
      if (!two_cases || !alone)
        if (auto r = refuse_itself(*a, *b); !r) return r.error();
  Comparison made;
  made.base.assign(base_runs.size(), {});
  std::ranges::transform(base_runs, made.base.begin(), [](const auto* run) { return *run; });
  made.next.assign(next_runs.size(), {});
  std::ranges::transform(next_runs, made.next.begin(), [](const auto* run) { return *run; });
  made.rules = choice.rules;
  made.interleaved = base.id == next.id;
  if (!made.interleaved) warn_of_environment(base, next, made);
  for (const auto& [side, runs] : {std::pair("BASE", &base_runs), std::pair("NEW", &next_runs)})
    for (const RecordedRun* run : *runs)
      if (run->interrupted)
        made.warnings.push_back(std::string(side) + " was interrupted" +
                                (alone ? "" : ": " + printable(run->path, 300)));

  MatchedCases matched;
  if (!choice.base_case.empty()) {
    auto a = choose(base, choice.base_case);
    if (!a) return a.error();
    auto b = choose(next, choice.new_case);
    if (!b) return b.error();
    matched.emplace_back(*a, *b);
  } else {
    for (const RecordedCase& c : base.cases) {
      const RecordedCase* other = find_by(next.cases, c.id, &RecordedCase::id);
      // What neither could measure is no finding.
      if (other && c.status == CaseStatus::unsupported && other->status == c.status)
        made.unsupported.push_back({c.id, c.status});
      else if (other)
        matched.emplace_back(&c, other);
      else
        made.only_in_base.push_back({c.id, c.status});
    }
    for (const RecordedCase& c : next.cases)
      if (!contains(base.cases, c.id, &RecordedCase::id))
        made.only_in_new.push_back({c.id, c.status});
  }
  made.cases = judge(sides_of(base_runs, next_runs, !made.interleaved), matched, made);
  conclude(made);
  return made;
}

}  // namespace pktbench
