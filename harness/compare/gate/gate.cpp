#include "harness/compare/gate/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "harness/measure/ranks.hpp"
#include "harness/text/numbers.hpp"

namespace pktbench {

namespace {

constexpr double kGatePower = 0.8;

bool is_judged(const GateMeasure& m) { return m.found.has_value(); }

CompareRules rules_of_look(const GateRules& rules) {
  return {
      .min_effect = rules.min_effect, .alpha = rules.alpha_of_look(), .must_see = rules.must_see};
}

// What would make a suspect of the first run, and what the last look then finds.
double sees_of(const BetweenRuns& found, std::size_t history, const GateRules& rules) {
  const auto n = static_cast<double>(history);
  const auto most = static_cast<double>(rules.looks.back());
  const boost::math::students_t student(n - 1);
  const double suspected =
      (quantile(student, 1 - rules.suspect_alpha / 2) + quantile(student, kGatePower)) *
      found.spread * std::sqrt(1 + 1 / n);
  BetweenRuns last = found;
  last.error = found.spread * std::sqrt(1 / n + 1 / most);
  last.freedom = n + most - 2;
  return std::max(std::expm1(suspected), smallest_change(last, rules_of_look(rules)));
}

double sees_in_turn(const BetweenRuns& found, const GateRules& rules) {
  return smallest_change(found, rules_of_look(rules));
}

// What would let the case see a change like the one at hand.
std::string what_it_takes(const GateMeasure& m, const GateRules& rules) {
  const double change = std::max(std::abs(m.found->ratio - 1), rules.min_effect);
  const CompareRules at_look = rules_of_look(rules);
  const auto needed = m.in_turn
                          ? runs_needed(m.found->spread, change, at_look)
                          : runs_needed_against(m.history.size(), m.found->spread, change, at_look);
  if (!needed)
    return fmt::format("not even {} runs would show it: make trials steadier, or more of them",
                       kMostRuns);
  return fmt::format("{} runs of {} would show it: give --budget more time, or a run more trials",
                     *needed, m.in_turn ? "either side" : "it");
}

// Benjamini-Hochberg over all that was judged.
void adjust(std::vector<GateMeasure>& all) {
  std::vector<double> p;
  for (const GateMeasure& m : all)
    if (is_judged(m)) p.push_back(m.found->p);
  p = benjamini_hochberg(p);
  std::size_t next = 0;
  for (GateMeasure& m : all)
    if (is_judged(m)) m.p_adjusted = p[next++];
}

// No alarm: unchanged, as far as the case sees.
void clear(GateMeasure& m, const GateRules& rules) {
  m.open = false;
  if (*m.sees > rules.must_see) {
    m.kind = GateKind::inconclusive;
    m.reason = fmt::format(
        "changes below {} would not be seen, and {} must be (--must-see): make more trials a run",
        fine_percent(*m.sees), fine_percent(rules.must_see));
    return;
  }
  m.kind = GateKind::unchanged;
  m.reason = "no change of " + fine_percent(*m.sees) + " or more";
}

bool is_beyond(const Change& change, const GateRules& rules) {
  return change.lo > 1 + rules.min_effect || change.hi < 1 - rules.min_effect;
}

void alarm(GateMeasure& m, const GateRules& rules) {
  const bool worse = (m.found->ratio > 1) == (m.better == Better::lower);
  m.open = false;
  m.kind = worse ? GateKind::regression : GateKind::improvement;
  m.reason = fmt::format(
      "{} (95% CI {} to {}) by {} runs against {}, p = {:.2g}: the whole interval lies beyond {}",
      change_percent(m.found->ratio), change_percent(m.found->lo), change_percent(m.found->hi),
      m.found->next, m.found->base, m.p_adjusted, fine_percent(rules.min_effect));
}

void leave_open(GateMeasure& m, const char* why, const GateRules& rules) {
  m.open = false;
  m.kind = GateKind::inconclusive;
  m.reason = fmt::format("{} looks like a change, {}; {}", change_percent(m.found->ratio), why,
                         what_it_takes(m, rules));
}

}  // namespace

void screen(std::vector<GateMeasure>& all, const GateRules& rules) {
  for (GateMeasure& m : all) {
    if (m.kind == GateKind::incomparable || !m.reason.empty()) continue;
    if (m.in_turn) {
      m.suspect = m.open = true;
      continue;
    }
    if (m.history.size() < rules.least_history) {
      m.reason = fmt::format(
          "the history has {} runs of it and an alarm needs {}: {} more that pass, or a baseline "
          "of "
          "as many restarts (run --restarts {}, baseline accept)",
          m.history.size(), rules.least_history, rules.least_history - m.history.size(),
          rules.least_history);
      continue;
    }
    const auto found = between_runs(m.history, m.first);
    if (!found) {
      m.reason = found.error().message;
      continue;
    }
    m.found = *found;
    m.sees = sees_of(*found, m.history.size(), rules);
    m.suspect = m.open = found->p < rules.suspect_alpha &&
                         std::abs(std::log(found->ratio)) > std::log1p(rules.min_effect);
    if (!m.open) clear(m, rules);
  }
  adjust(all);
}

void confirm(std::vector<GateMeasure>& all, std::size_t look, const GateRules& rules) {
  for (GateMeasure& m : all) {
    if (!m.open) continue;
    // Its runs were in another condition, or not ok: the next look may have more.
    if (!m.in_turn && m.again.empty()) continue;
    const auto found =
        m.in_turn ? between_paired_runs(m.history, m.again) : between_runs(m.history, m.again);
    if (!found) {
      m.open = false;
      m.reason = found.error().message;
      continue;
    }
    m.found = *found;
    m.sees = m.in_turn ? sees_in_turn(*found, rules) : sees_of(*found, m.history.size(), rules);
  }
  adjust(all);
  const bool last = look + 1 >= rules.looks.size();
  for (GateMeasure& m : all) {
    if (!m.open) continue;
    if (is_beyond(*m.found, rules) && m.p_adjusted < rules.alpha_of_look())
      alarm(m, rules);
    else if (m.found->p > rules.clear_p && (last || *m.sees <= rules.must_see))
      clear(m, rules);
    else if (last)
      leave_open(m, "and so many runs do not settle it", rules);
  }
}

void close_open(std::vector<GateMeasure>& all, const GateRules& rules) {
  for (GateMeasure& m : all) {
    if (!m.open) continue;
    if (m.found) {
      leave_open(m, "and there was no time to confirm it", rules);
      continue;
    }
    m.open = false;
    m.reason = "there was no time to measure it often enough (--budget)";
  }
}

GateKind worst(const std::vector<GateMeasure>& all) {
  const auto any = [&](GateKind kind) {
    return std::ranges::any_of(all, [kind](const GateMeasure& m) { return m.kind == kind; });
  };
  for (const GateKind kind : {GateKind::regression, GateKind::incomparable, GateKind::inconclusive,
                              GateKind::improvement})
    if (any(kind)) return kind;
  return all.empty() ? GateKind::inconclusive : GateKind::unchanged;
}

bool may_be_accepted(const GateMeasure& m, const GateRules& rules) {
  if (m.kind == GateKind::unchanged) return true;
  if (m.kind != GateKind::inconclusive) return false;
  if (m.history.size() < rules.least_history) return true;
  return m.found && (!m.suspect || m.found->p > rules.clear_p);
}

}  // namespace pktbench
