#include "harness/compare/measure_kind.hpp"

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <set>

#include "harness/compare/judge.hpp"

namespace pktbench {

namespace {

std::set<std::string> sources(const RecordedCase& c) {
  std::set<std::string> made;
  for (const RecordedTrial& trial : c.trials)
    if (is_ok(trial) && trial.cycles_per_packet) made.insert(trial.cycles_source);
  return made;
}

}  // namespace

bool bounded(const RecordedCase& c) { return bounds_from_below(c.limiter); }

bool judged_by_busy_cycles(const RecordedCase& base, const RecordedCase& next) {
  const auto any_ok = [](const RecordedCase& c, auto has) {
    return std::ranges::any_of(c.trials, [&](const auto& t) { return is_ok(t) && has(t); });
  };
  const auto tells_polls = [](const RecordedTrial& t) { return t.tells_polls; };
  const auto is_told = [](const RecordedTrial& t) { return t.busy_cycles_per_packet.has_value(); };
  return (any_ok(base, tells_polls) || any_ok(next, tells_polls)) && any_ok(base, is_told) &&
         any_ok(next, is_told);
}

std::string obstacle(const MeasureKind& kind, const RecordedCase& base, const RecordedCase& next,
                     bool alike, MeasureComparison& made) {
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
  if (!alike) return "no two of the trials have the same condition";
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

}  // namespace pktbench
