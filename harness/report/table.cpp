#include "harness/report/table.hpp"

#include <algorithm>
#include <array>
#include <boost/algorithm/string/join.hpp>
#include <cstdio>
#include <map>
#include <set>

#include "harness/measure/conditions.hpp"
#include "harness/record/case_summary.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/text_table.hpp"

namespace pktbench {

namespace {

constexpr const char* kNone = "-";
const std::vector<std::string> kHeads = {"case",      "mode",          "Mpps",   "95% CI",
                                         "ns/packet", "cycles/packet", "loss %", "limiter",
                                         "ok",        "status"};
const std::vector<bool> kRightAligned = {false, false, true,  true, true,
                                         true,  true,  false, true, false};

// What the legend has to explain.
struct Shown {
  bool bound = false;
  bool gap = false;
  std::map<std::size_t, double> confidence;  // by number of trials
  std::set<std::string> cycle_sources;
  bool wake_ups = false;
  std::vector<std::string> disturbed;  // ids of cases
};

std::string fixed(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

std::string cell(const std::optional<double>& value, int decimals, Shown& shown) {
  if (value) return fixed(*value, decimals);
  shown.gap = true;
  return kNone;
}

std::string loss_cell(const CaseResult& result, Shown& shown) {
  std::vector<double> ratios;
  for (const TrialRecord& trial : result.trials)
    if (in_summary(trial) && trial.loss_ratio) ratios.push_back(*trial.loss_ratio);
  const auto median = summarize(std::move(ratios)).median;
  if (median && *median > 0 && *median < 0.00005) return "<0.01";
  return cell(median ? std::optional(*median * 100) : std::nullopt, 2, shown);
}

std::string interval_cell(const Summary& mpps, Shown& shown) {
  if (!mpps.ci95) {
    shown.gap = true;
    return kNone;
  }
  shown.confidence[mpps.n] = mpps.ci95->confidence;
  return fixed(mpps.ci95->lo, 3) + "–" + fixed(mpps.ci95->hi, 3);
}

// What was asked for is shown where it is not what was got.
std::string mode_cell(const EffectiveMode& mode) {
  if (mode.effective.empty()) return mode.requested.empty() ? kNone : mode.requested;
  if (mode.requested.empty() || mode.requested == mode.effective) return mode.effective;
  return mode.requested + "→" + mode.effective;
}

std::string count_cell(const CaseResult& result) {
  const auto ok = std::count_if(result.trials.begin(), result.trials.end(),
                                [](const auto& t) { return t.status == TrialStatus::ok; });
  return std::to_string(ok) + "/" + std::to_string(result.trials.size());
}

std::string limiter_cell(const CaseResult& result, Shown& shown) {
  if (result.limiter != Limiter::dut) return to_string(result.limiter);
  std::size_t woken = 0;
  std::size_t all = 0;
  for (const TrialRecord& trial : result.trials) {
    if (!in_summary(trial) || trial.limiter != Limiter::dut) continue;
    ++all;
    woken += trial.dut_limited_by == "wake-ups";
  }
  if (2 * woken <= all) return to_string(Limiter::dut);
  shown.wake_ups = true;
  return "dut (wake-ups)";
}

// Median of what others had of the DUT's CPU in the trials shown.
std::optional<double> others_share(const CaseResult& result) {
  std::vector<double> shares;
  for (const TrialRecord& trial : result.trials) {
    if (!in_summary(trial) || !trial.disturbed_by.contains("cpu")) continue;
    double share = 0;
    for (const char* who : {"dut_foreign", "dut_interrupts", "dut_steal"})
      if (const auto found = trial.evidence.find(who); found != trial.evidence.end())
        share += found->second;
    shares.push_back(std::min(share, 1.0));
  }
  return summarize(std::move(shares)).median;
}

TextRow make_row(const CaseResult& result, Shown& shown) {
  TextRow row{std::vector<std::string>(kHeads.size()), {}, kGreen};
  row.cells[0] = printable(result.spec.id, kMaxText);
  row.cells[1] = printable(mode_cell(result.mode), kMaxText);
  const auto summary = summarize_case(result);
  const bool disturbed = result.status == CaseStatus::disturbed;
  if ((result.status != CaseStatus::ok && !disturbed) || !summary) {
    row.colour = result.status == CaseStatus::unsupported ? kYellow : kRed;
    std::string why = printable(result.reason, kMaxText);
    if (why.empty())
      why = result.status == CaseStatus::ok ? "no trial of it is ok" : "no reason was recorded";
    row.reason = to_string(result.status);
    if (!result.trials.empty()) row.reason += " (" + count_cell(result) + " ok)";
    row.reason += ": " + why;
    return row;
  }
  const bool bound = bounds_from_below(result.limiter);
  shown.bound |= bound;
  if (bound) row.colour = kYellow;
  row.cells[2] = (bound && summary->mpps.median ? "≥" : "") + cell(summary->mpps.median, 3, shown);
  row.cells[3] = interval_cell(summary->mpps, shown);
  row.cells[4] = cell(summary->ns_per_packet.median, 1, shown);
  row.cells[5] = cell(summary->cycles_per_packet.median, 0, shown);
  row.cells[6] = loss_cell(result, shown);
  row.cells[7] = limiter_cell(result, shown);
  row.cells[8] = count_cell(result);
  row.cells[9] = to_string(result.status);
  if (disturbed) {
    row.colour = kRed;
    if (const auto share = others_share(result)) row.cells[9] += " " + fixed(*share * 100, 0) + "%";
    shown.disturbed.push_back(result.spec.id);
  }
  for (const TrialRecord& trial : result.trials)
    if (in_summary(trial) && trial.cycles_per_packet)
      shown.cycle_sources.insert(trial.cycles_source);
  return row;
}

std::string legend(const Shown& shown, const TestbedFacts& facts) {
  std::string made;
  const std::string trials = shown.disturbed.empty() ? "ok trials" : "ok or disturbed trials";
  if (!shown.confidence.empty()) {
    made +=
        "Mpps: median of the " + trials + "; 95% CI: of that median, by order statistics (covers";
    for (const auto& [n, confidence] : shown.confidence)
      made += (n == shown.confidence.begin()->first ? " " : ", ") + fixed(confidence * 100, 1) +
              "% with " + std::to_string(n) + " trials";
    made += ").\n";
  } else {
    made += "Mpps: median of the " + trials + ".\n";
  }
  if (shown.bound) made += "≥: limited by the generator or the link, a lower bound for the DUT.\n";
  if (shown.cycle_sources.contains("pmu"))
    made += "Cycles: core cycles (pmu) of every CPU that worked for the DUT, at the load it had.\n";
  if (shown.cycle_sources.contains("tsc"))
    made +=
        "Cycles: on-CPU time × TSC frequency (tsc) of every CPU that worked for the DUT, at the "
        "load it had.\n";
  if (shown.cycle_sources.size() > 1) made += "Cycles from pmu and tsc must not be compared.\n";
  if (shown.wake_ups)
    made +=
        "wake-ups: frames were lost while the DUT's CPU had time to spare, since it is woken "
        "late.\n";
  if (!shown.disturbed.empty())
    made += "disturbed: no trial of " +
            printable(boost::algorithm::join(shown.disturbed, ", "), kMaxText) +
            " was undisturbed; do not rely on their figures.\n";
  if (shown.gap) made += "-: no value; run.json has the reason.\n";
  made += "Testbed: " + facts.testbed;
  if (!facts.arrangement.empty()) made += ", arrangement " + facts.arrangement;
  if (!facts.emulator.empty())
    made += "; on devices emulated by " + printable(facts.emulator, kMaxText) +
            ": the counts prove the function, the figures say nothing about hardware.\n";
  else
    made +=
        facts.is_virtual ? "; virtual, so that the figures say nothing about hardware.\n" : ".\n";
  return made;
}

// Which cases were measured in which condition, and what was left out for another.
std::string conditions(const std::vector<CaseResult>& cases) {
  std::map<std::string, std::vector<std::string>> cases_in;  // by the words
  std::size_t others = 0;
  for (const CaseResult& result : cases) {
    others += result.other_condition;
    if (summarize_case(result)) cases_in[in_words(result.condition)].push_back(result.spec.id);
  }
  std::string made;
  for (const auto& [words, ids] : cases_in) {
    if (words.empty()) continue;
    made += "Condition";
    if (cases_in.size() > 1)
      made += " of " + printable(boost::algorithm::join(ids, ", "), kMaxText);
    made += ": " + printable(words, kMaxText) + ".\n";
  }
  if (others > 0)
    made += "Trials in another condition, kept and not in the figures: " + std::to_string(others) +
            ".\n";
  return made;
}

}  // namespace

std::string result_table(const std::vector<CaseResult>& cases, const TestbedFacts& facts,
                         bool colour) {
  Shown shown;
  std::vector<TextRow> rows{{kHeads, {}, kBold}};
  for (const CaseResult& result : cases) rows.push_back(make_row(result, shown));
  return text_table(rows, kRightAligned, colour) + "\n" + legend(shown, facts) + conditions(cases);
}

}  // namespace pktbench
