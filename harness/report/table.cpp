#include "harness/report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <map>

#include "harness/measure/conditions.hpp"
#include "harness/method/case_summary.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/text_table.hpp"

namespace pktbench {

namespace {

constexpr const char* kNone = "-";

// What the legend has to explain, beside what the method's columns need.
struct Shown {
  std::vector<CaseResult> with_figures;
  bool gap = false;
  bool wake_ups = false;
  std::vector<std::string> disturbed;  // ids of cases
};

// What was asked for is shown where it is not what was got.
std::string mode_cell(const EffectiveMode& mode) {
  if (mode.effective.empty()) return mode.requested.empty() ? kNone : mode.requested;
  if (mode.requested.empty() || mode.requested == mode.effective) return mode.effective;
  return mode.requested + "→" + mode.effective;
}

std::string count_cell(const CaseResult& result) {
  const auto ok = std::count_if(result.trials.begin(), result.trials.end(),
                                [](const auto& t) { return t.status == TrialStatus::ok; });
  return fmt::format("{}/{}", ok, result.trials.size());
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

// The method's columns stand between these.
const std::vector<std::string> kFirstHeads = {"case", "mode"};
const std::vector<std::string> kLastHeads = {"limiter", "ok", "status"};

TextRow make_row(const CaseResult& result, const MethodType& method, Shown& shown) {
  TextRow row{{printable(result.spec.id, kMaxText), printable(mode_cell(result.mode), kMaxText)},
              {},
              kGreen};
  const bool disturbed = result.status == CaseStatus::disturbed;
  if ((result.status != CaseStatus::ok && !disturbed) || !has_summary(result)) {
    row.colour = result.status == CaseStatus::unsupported ? kYellow : kRed;
    std::string why = printable(result.reason, kMaxText);
    if (why.empty())
      why = result.status == CaseStatus::ok ? "no trial of it is ok" : "no reason was recorded";
    row.reason = to_string(result.status);
    if (!result.trials.empty()) row.reason += " (" + count_cell(result) + " ok)";
    row.reason += ": " + why;
    return row;
  }
  shown.with_figures.push_back(result);
  if (bounds_from_below(result.limiter)) row.colour = kYellow;
  for (const ResultColumn& column : method.columns) {
    std::string cell = column.cell(result);
    shown.gap |= cell.empty();
    row.cells.push_back(cell.empty() ? kNone : std::move(cell));
  }
  row.cells.push_back(limiter_cell(result, shown));
  row.cells.push_back(count_cell(result));
  row.cells.push_back(to_string(result.status));
  if (disturbed) {
    row.colour = kRed;
    if (const auto share = others_share(result))
      row.cells.back() += fmt::format(" {:.0f}%", *share * 100);
    shown.disturbed.push_back(result.spec.id);
  }
  return row;
}

std::string legend(const Shown& shown, const MethodType& method, const TestbedFacts& facts) {
  Legend notes;
  if (!shown.with_figures.empty()) method.explain(shown.with_figures, notes);
  if (shown.wake_ups)
    notes.add(
        "wake-ups: frames were lost while the DUT's CPU had time to spare, since it is woken "
        "late.");
  if (!shown.disturbed.empty())
    notes.add("disturbed: no trial of " +
              printable(boost::algorithm::join(shown.disturbed, ", "), kMaxText) +
              " was undisturbed; do not rely on their figures.");
  if (shown.gap) notes.add("-: no value; run.json has the reason.");
  std::string testbed = "Testbed: " + facts.testbed;
  if (!facts.arrangement.empty()) testbed += ", arrangement " + facts.arrangement;
  if (!facts.emulator.empty())
    testbed += "; on devices emulated by " + printable(facts.emulator, kMaxText) +
               ": the counts prove the function, the figures say nothing about hardware";
  else if (facts.is_virtual)
    testbed += "; virtual, so that the figures say nothing about hardware";
  notes.add(testbed + ".");
  return boost::algorithm::join(notes.notes(), "\n") + "\n";
}

// Which cases were measured in which condition, and what was left out for another.
std::string conditions(const std::vector<CaseResult>& cases) {
  std::map<std::string, std::vector<std::string>> cases_in;  // by the words
  std::size_t others = 0;
  for (const CaseResult& result : cases) {
    others += result.other_condition;
    if (has_summary(result)) cases_in[in_words(result.condition)].push_back(result.spec.id);
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
    made += fmt::format("Trials in another condition, kept and not in the figures: {}.\n", others);
  return made;
}

}  // namespace

std::string result_table(const std::vector<CaseResult>& cases, const MethodType& method,
                         const TestbedFacts& facts, bool colour) {
  Shown shown;
  TextRow heads{kFirstHeads, {}, kBold};
  std::vector<bool> right_aligned(kFirstHeads.size(), false);
  for (const ResultColumn& column : method.columns) {
    heads.cells.push_back(column.head);
    right_aligned.push_back(column.right_aligned);
  }
  heads.cells.insert(heads.cells.end(), kLastHeads.begin(), kLastHeads.end());
  right_aligned.insert(right_aligned.end(), {false, true, false});
  std::vector<TextRow> rows{heads};
  for (const CaseResult& result : cases) rows.push_back(make_row(result, method, shown));
  return text_table(rows, right_aligned, colour) + "\n" + legend(shown, method, facts) +
         conditions(cases);
}

}  // namespace pktbench
