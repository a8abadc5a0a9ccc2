#include "harness/method/latency/latency_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "harness/core/lookup.hpp"
#include "harness/method/latency/latency.hpp"

namespace pktbench::method {

namespace {

// Microseconds with three digits, or milliseconds where those are shorter.
std::string micros(const std::optional<double>& ns) {
  if (!ns) return "-";
  const bool long_time = *ns >= 9'999'500;
  const double value = *ns / (long_time ? 1e6 : 1e3);
  return fmt::format("{:.{}f}{}", value,
                     value < 9.995   ? 2
                     : value < 99.95 ? 1
                                     : 0,
                     long_time ? "ms" : "");
}

std::string load_cell(const CaseResult& c, const std::string& load) {
  const LatencyLoad* found = find_by(c.latency, load, &LatencyLoad::load);
  if (!found) return "";
  return fmt::format("{}{}/{}/{}/{}", found->generator_limits() ? "≤" : "", micros(found->ns.p50),
                     micros(found->ns.p99), micros(found->ns.p99_9), micros(found->ns.max));
}

std::vector<std::string> load_names(const std::vector<CaseResult>& cases) {
  std::vector<std::string> names;
  for (const CaseResult& c : cases)
    for (const LatencyLoad& load : c.latency)
      if (!contains(names, load.load)) names.push_back(load.load);
  return names;
}

// "9.00 to 10.0 µs", "9.00 µs to 418ms", of all of them.
std::string range(const std::vector<double>& ns) {
  const auto [least, most] = std::ranges::minmax(ns);
  const auto unit = [](const std::string& time) { return time.ends_with("ms") ? "" : " µs"; };
  const std::string from = micros(least);
  const std::string to = micros(most);
  if (from == to) return to + unit(to);
  const char* between = std::string(unit(from)) == unit(to) ? "" : unit(from);
  return fmt::format("{}{} to {}{}", from, between, to, unit(to));
}

// Between which two moments a delay lies.
std::string way_of(const LatencyRecord& record) {
  if (!record.one_way)
    return "until it was back at the generator (round trip; stamp: " + record.stamp + ")";
  const char* had = record.stamp == to_string(Stamp::kernel)     ? "the kernel"
                    : record.stamp == to_string(Stamp::hardware) ? "the port"
                                                                 : "the workload";
  return fmt::format("until {} had it (one way; stamp: {})", had, record.stamp);
}

}  // namespace

// The greatest load stays; of the others the first goes last.
std::vector<ResultColumn> latency_columns(const std::vector<CaseResult>& cases) {
  std::vector<ResultColumn> made;
  const std::vector<std::string> names = load_names(cases);
  for (std::size_t i = 0; i < names.size(); ++i)
    made.push_back(
        {.head = "µs at " + names[i],
         .leave_out = i + 1 == names.size() ? 0 : 3 + static_cast<int>(std::min<std::size_t>(i, 5)),
         .cell = [load = names[i]](const CaseResult& c) { return load_cell(c, load); }});
  return made;
}

void explain_latency(const std::vector<CaseResult>& cases, Legend& legend) {
  std::vector<double> late;
  std::vector<double> null_path;
  std::set<std::string> ways;
  std::set<std::string> lossy;
  std::set<std::string> references;
  std::set<std::string> irregular;
  bool few = false;
  bool limited = false;
  for (const CaseResult& c : cases) {
    for (const LoadReference& reference : c.references) {
      if (!reference.what.empty())
        references.insert(reference.what == "given" ? "PDR as given" : reference.what);
      if (!reference.regular && reference.pps)
        irregular.insert(fmt::format("{} of {}: {}", reference.what, c.spec.id, reference.reason));
    }
    for (const LatencyLoad& load : c.latency) {
      ways.insert(way_of(load.sum));
      few |= !load.ns.p99_9;
      limited |= load.generator_limits();
      if (load.late_ns.p99) late.push_back(*load.late_ns.p99);
      if (load.sum.null_path.p50_ns) null_path.push_back(*load.sum.null_path.p50_ns);
      if (load.sum.lost > 0 || load.sum.duplicated > 0 || load.sum.reordered > 0)
        lossy.insert(fmt::format("{} at {}: of {} frames {} lost, {} twice, {} out of turn",
                                 c.spec.id, load.load,
                                 static_cast<std::int64_t>(load.sum.count) + load.sum.lost,
                                 load.sum.lost, load.sum.duplicated, load.sum.reordered));
    }
  }
  if (ways.empty()) return;
  legend.add(fmt::format(
      "µs at a load: p50/p99/p99.9/max of the delay from the time a frame was due {}. A frame sent "
      "late is as late as that.",
      fmt::join(ways, "; or ")));
  for (const std::string& what : references)
    legend.add("Loads in percent are of each case's " + what + " with frames one by one.");
  for (const std::string& reason : irregular) legend.add("Irregular, " + reason + ".");
  if (few) legend.add("A percentile without one frame beyond it is -.");
  if (!late.empty())
    legend.add(fmt::format(
        "The generator by itself was late by {} (p99, of the loads): it is in the delays.",
        range(late)));
  if (limited)
    legend.add(
        "≤: more than half of the p99 is the generator's own lateness: of the way and the receiver "
        "it is an upper bound.");
  if (!null_path.empty())
    legend.add(fmt::format(
        "Stamping and recording alone, without a way between: {} (p50); it is in the delays.",
        range(null_path)));
  for (const std::string& one : lossy) legend.add(one + ".");
}

}  // namespace pktbench::method
