#include "harness/method/rounds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "harness/measure/conditions.hpp"

namespace pktbench {

namespace {

bool is_ok(const TrialRecord& t) { return t.status == TrialStatus::ok; }
// It may stand for a case that has nothing better.
bool is_usable(const TrialRecord& t) { return t.disturbed && t.conserved; }

// The conditions of the trials on one testbed that `chosen` has; none: it has none there.
template <class F>
std::optional<ConditionGroups> conditions(const std::vector<CaseResult>& cases, std::size_t testbed,
                                          F&& chosen) {
  std::vector<Condition> found;
  for (const CaseResult& c : cases)
    if (c.spec.testbed == testbed)
      for (const TrialRecord& t : c.trials)
        if (chosen(t)) found.push_back(t.condition);
  if (found.empty()) return std::nullopt;
  return ConditionGroups(found);
}

struct Round {
  bool ok = false;
  bool usable = false;
  bool broken = false;  // a trial that was neither ok nor disturbed
};

std::map<int, Round> rounds_of(const CaseResult& c) {
  std::map<int, Round> rounds;
  for (const TrialRecord& t : c.trials) {
    Round& r = rounds[t.round];
    r.ok |= is_ok(t);
    r.usable |= is_usable(t);
    r.broken |= !is_ok(t) && !t.disturbed;
  }
  return rounds;
}

std::string last_reason(const CaseResult& c, TrialStatus status) {
  std::string reason;
  for (const TrialRecord& t : c.trials)
    if (t.status == status) reason = t.reason;
  return reason;
}

void decide(CaseResult& c) {
  const auto rounds = rounds_of(c);
  const auto count = [&](bool Round::*what) {
    return std::ranges::count_if(rounds, [what](const auto& r) { return r.second.*what; });
  };
  const auto all = static_cast<std::ptrdiff_t>(rounds.size());
  const auto ok = count(&Round::ok);
  const std::string of_all = fmt::format(" of {} rounds", all);
  c.reason.clear();
  if (all == 0) {
    c.status = CaseStatus::interrupted;
    c.reason = "interrupted before its first trial ended";
  } else if (ok > 0 && 2 * count(&Round::broken) < all) {
    c.status = CaseStatus::ok;
  } else if (ok == 0 && 2 * count(&Round::usable) > all) {
    c.status = CaseStatus::disturbed;
    c.reason =
        "none" + of_all + " was undisturbed; the last: " + last_reason(c, TrialStatus::invalid);
  } else if (const std::string why = last_reason(c, TrialStatus::invalid); !why.empty()) {
    c.status = CaseStatus::invalid;
    c.reason = fmt::format("{}{} are not ok; the last: {}", all - ok, of_all, why);
  } else {
    c.status = CaseStatus::failed;
    c.reason = last_reason(c, TrialStatus::failed);
  }
}

// In the run's condition; where the case has no trial in it, in the commonest of its own.
void choose_trials(const std::optional<ConditionGroups>& of_run, CaseResult& c) {
  const bool disturbed = c.status == CaseStatus::disturbed;
  const auto stands = [&](const TrialRecord& t) { return disturbed ? is_usable(t) : is_ok(t); };
  const auto own = conditions({c}, c.spec.testbed, stands);
  const bool common = of_run && std::ranges::any_of(c.trials, [&](const TrialRecord& t) {
                        return stands(t) && of_run->of(t.condition) == 0;
                      });
  const std::optional<ConditionGroups>& groups = common ? of_run : own;
  c.other_condition = 0;
  std::vector<const TrialRecord*> chosen;
  for (TrialRecord& t : c.trials) {
    t.in_summary = stands(t) && groups->of(t.condition) == 0;
    if (*t.in_summary) chosen.push_back(&t);
    if (stands(t) && !*t.in_summary) ++c.other_condition;
  }
  if (groups) c.condition = groups->typical(0);
  c.limiter = majority_limiter(chosen);
}

}  // namespace

bool round_done(const std::vector<TrialRecord>& trials, int round, int max_repeats) {
  int disturbed = 0;
  const TrialRecord* last = nullptr;
  const TrialRecord* before = nullptr;
  for (const TrialRecord& t : trials) {
    if (t.round > round) break;
    before = std::exchange(last, &t);
    if (t.round != round) continue;
    if (!t.disturbed) return true;
    ++disturbed;
  }
  if (disturbed > max_repeats) return true;
  return disturbed > 0 && before && before->disturbed && before->disturbed_by == last->disturbed_by;
}

std::vector<std::size_t> rounds_short(const std::vector<CaseResult>& cases, int planned) {
  std::vector<std::size_t> made;
  for (const CaseResult& c : cases) {
    const auto groups = conditions(cases, c.spec.testbed, is_ok);
    std::map<int, bool> settled;
    for (const TrialRecord& t : c.trials)
      settled[t.round] |= is_ok(t) ? groups->of(t.condition) == 0 : !t.disturbed;
    const auto have = std::ranges::count(settled, true, [](const auto& r) { return r.second; });
    made.push_back(groups ? static_cast<std::size_t>(std::max<std::ptrdiff_t>(planned - have, 0))
                          : 0);
  }
  return made;
}

void conclude(std::vector<CaseResult>& cases) {
  for (CaseResult& c : cases) {
    for (auto* trials : {&c.trials, &c.bpf_trials})
      std::ranges::sort(*trials, {}, &TrialRecord::index);
    for (const TrialRecord& t : c.trials)
      if (t.status != TrialStatus::failed) c.mode = t.mode;
    if (!c.decided) decide(c);
  }
  for (CaseResult& c : cases) {
    // The trials of a disturbed one need not be among the ok ones' conditions.
    const auto chosen = c.status == CaseStatus::disturbed ? is_usable : is_ok;
    choose_trials(conditions(cases, c.spec.testbed, chosen), c);
  }
}

std::vector<bool> cases_short(const std::vector<CaseResult>& cases, int planned) {
  std::vector<bool> made;
  for (const std::size_t rounds : rounds_short(cases, planned)) made.push_back(rounds > 0);
  return made;
}

void take_out_of_summary(CaseResult& c) {
  for (TrialRecord& trial : c.trials) trial.in_summary = false;
  c.other_condition = 0;
}

Limiter majority_limiter(const std::vector<const TrialRecord*>& trials) {
  std::map<Limiter, std::size_t> votes;
  for (const TrialRecord* t : trials) ++votes[t->limiter];
  for (const auto& [limiter, n] : votes)
    if (2 * n > trials.size()) return limiter;
  return Limiter::unknown;
}

}  // namespace pktbench
