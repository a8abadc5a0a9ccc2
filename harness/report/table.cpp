#include "harness/report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <map>
#include <set>

#include "harness/core/lookup.hpp"
#include "harness/measure/conditions.hpp"
#include "harness/method/case_summary.hpp"
#include "harness/text/clean_text.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/text_table.hpp"

namespace pktbench {

namespace {

constexpr const char* kNone = "-";

// What the legend has to explain, beside what the method's columns need.
struct Shown {
  std::vector<CaseResult> with_figures;
  bool gap = false;
  bool interrupted = false;
  std::size_t not_ok = 0;  // trials of cases that have figures from others
  bool wake_ups = false;
  std::vector<std::string> disturbed;  // ids of cases
};

// What was asked for is shown where it is not what was got.
std::string mode_cell(const EffectiveMode& mode) {
  if (mode.effective.empty()) return mode.requested.empty() ? kNone : mode.requested;
  if (mode.requested.empty() || mode.requested == mode.effective) return mode.effective;
  return mode.requested + "→" + mode.effective;
}

std::size_t ok_trials(const CaseResult& result) {
  return static_cast<std::size_t>(
      std::ranges::count(result.trials, TrialStatus::ok, &TrialRecord::status));
}

std::string count_cell(const CaseResult& result) {
  return fmt::format("{}/{}", ok_trials(result), result.trials.size());
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
      if (const double* found = find_in(trial.evidence, who)) share += *found;
    shares.push_back(std::min(share, 1.0));
  }
  return summarize(std::move(shares)).median;
}

// The method's columns stand between these.
const std::vector<TextColumn> kFirstColumns = {{.head = "case"}, {.head = "mode", .leave_out = 9}};
const std::vector<TextColumn> kLastColumns = {{.head = "limiter", .leave_out = 2},
                                              {.head = "ok", .right_aligned = true, .leave_out = 1},
                                              {.head = "status"}};

// "interrupted, 1 of 3": of the rounds asked for; empty where all were made or it was given up.
std::string short_of_rounds(const CaseResult& result) {
  if (result.decided || result.rounds_done >= result.rounds_planned) return "";
  return fmt::format("interrupted, {} of {}", result.rounds_done, result.rounds_planned);
}

std::string why_no_figure(const CaseResult& result, const std::string& interrupted) {
  if (result.status == CaseStatus::interrupted && !interrupted.empty())
    return interrupted + ": no trial of it had ended";
  std::string why = printable(result.reason, kMaxText);
  if (why.empty())
    why = result.status == CaseStatus::ok ? "no trial of it is ok" : "no reason was recorded";
  std::string made = to_string(result.status);
  if (!result.trials.empty()) made += fmt::format(" ({} ok)", count_cell(result));
  return made + (interrupted.empty() ? "" : ", " + interrupted) + ": " + why;
}

TextRow make_row(const CaseResult& result, const std::vector<ResultColumn>& columns, Shown& shown) {
  TextRow row{
      {clean_line(result.spec.id), printable(mode_cell(result.mode), kMaxText)}, {}, kGreen};
  const bool disturbed = result.status == CaseStatus::disturbed;
  const std::string interrupted = short_of_rounds(result);
  shown.interrupted |= !interrupted.empty();
  if ((result.status != CaseStatus::ok && !disturbed) || !has_figures(result)) {
    row.colour = result.status == CaseStatus::unsupported ? kYellow : kRed;
    row.reason = why_no_figure(result, interrupted);
    return row;
  }
  shown.with_figures.push_back(result);
  shown.not_ok += disturbed ? 0 : result.trials.size() - ok_trials(result);
  if (bounds_from_below(result.limiter) || !interrupted.empty()) row.colour = kYellow;
  for (const ResultColumn& column : columns) {
    std::string cell = column.cell(result);
    shown.gap |= cell.empty();
    row.cells.push_back(cell.empty() ? kNone : std::move(cell));
  }
  row.cells.push_back(limiter_cell(result, shown));
  row.cells.push_back(count_cell(result));
  std::string status = to_string(result.status);
  if (disturbed) {
    row.colour = kRed;
    if (const auto share = others_share(result)) status += fmt::format(" {:.0f}%", *share * 100);
    shown.disturbed.push_back(result.spec.id);
  }
  if (!interrupted.empty()) status = disturbed ? status + ", " + interrupted : interrupted;
  row.cells.push_back(std::move(status));
  return row;
}

// "eth0 (rx), eth1 (rx, tx)"
std::string ports_that_pause(const TestbedFacts& facts) {
  std::vector<std::string> ports;
  for (const PortReport& port : facts.ports) {
    std::vector<std::string> ways;
    for (const char* way : {"rx", "tx"})
      if (port.pause.find(std::string(way) + "=on") != std::string::npos) ways.push_back(way);
    if (!ways.empty())
      ports.push_back(clean_line(port.interface) + " (" + boost::algorithm::join(ways, ", ") + ")");
  }
  return boost::algorithm::join(ports, ", ");
}

// What is to be known of the counts of the trials shown, each sentence once.
std::set<std::string> notes_of(const std::vector<CaseResult>& cases) {
  std::set<std::string> all;
  for (const CaseResult& result : cases)
    for (const TrialRecord& trial : result.trials)
      if (in_summary(trial))
        for (const std::string& note : trial.notes) all.insert(printable(note, kMaxText));
  return all;
}

// Whose `drop` reads a frame and whose does not, where both are shown.
std::string who_touches_frames(const std::vector<CaseResult>& cases) {
  std::vector<std::string> by_kind[2];  // that do not, that do
  for (const CaseResult& result : cases) {
    if (result.spec.workload != "drop") continue;
    auto& names = by_kind[result.spec.reads_tag ? 1 : 0];
    if (!contains(names, result.spec.backend)) names.push_back(clean_line(result.spec.backend));
  }
  if (by_kind[0].empty() || by_kind[1].empty()) return {};
  const auto list = [](const std::vector<std::string>& names) {
    return boost::algorithm::join(names, ", ");
  };
  return "drop is not the same work for all: each frame's tag is read by " + list(by_kind[1]) +
         "; nothing of a frame is read by the programs and loops of " + list(by_kind[0]) +
         ", which tell others' frames from the trial's only by their number.";
}

std::string legend(const Shown& shown, const MethodType& method, const TestbedFacts& facts) {
  Legend notes;
  if (!shown.with_figures.empty()) method.explain(shown.with_figures, notes);
  if (const std::string touches = who_touches_frames(shown.with_figures); !touches.empty())
    notes.add(touches);
  if (shown.wake_ups)
    notes.add(
        "wake-ups: frames were lost while the DUT's CPU had time to spare, since it is woken "
        "late.");
  if (!shown.disturbed.empty())
    notes.add("disturbed: no trial of " +
              printable(boost::algorithm::join(shown.disturbed, ", "), kMaxText) +
              " was undisturbed; do not rely on their figures.");
  if (shown.interrupted)
    notes.add(
        "interrupted: so many of the rounds asked for were made; the run's --resume makes the "
        "others.");
  if (shown.not_ok > 0)
    notes.add(fmt::format("In no figure: {} trial{}; run.json has the reason of each.",
                          shown.not_ok,
                          shown.not_ok == 1 ? " that is not ok" : "s that are not ok"));
  if (shown.gap) notes.add("-: no value; run.json has the reason.");
  if (const std::string ports = ports_that_pause(facts); !ports.empty())
    notes.add("Pause frames are on at " + ports +
              ": a full receiver may hold the sender back where it would lose frames (limiter "
              "link); /testbed/pause \"off\" switches them off.");
  for (const std::string& note : notes_of(shown.with_figures)) notes.add(note + ".");
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
    if (has_figures(result)) cases_in[in_words(result.condition)].push_back(result.spec.id);
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
                         const TestbedFacts& facts, const Terminal& terminal) {
  Shown shown;
  const std::vector<ResultColumn> own = method.columns(cases);
  std::vector<TextColumn> columns = kFirstColumns;
  for (const ResultColumn& column : own)
    columns.push_back({column.head, column.right_aligned, column.leave_out});
  columns.insert(columns.end(), kLastColumns.begin(), kLastColumns.end());
  std::vector<TextRow> rows;
  for (const CaseResult& result : cases) rows.push_back(make_row(result, own, shown));
  return text_table(columns, rows, "run.json", terminal) + "\n" +
         wrapped(legend(shown, method, facts) + conditions(cases), terminal.columns);
}

}  // namespace pktbench
