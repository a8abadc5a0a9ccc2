#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>

#include <boost/algorithm/string/join.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "harness/cli/commands.hpp"
#include "harness/cli/output.hpp"
#include "harness/cli/program_runs.hpp"
#include "harness/cli/registry.hpp"
#include "harness/cli/scenario_files.hpp"
#include "harness/cli/signals.hpp"
#include "harness/compare/gate/baseline.hpp"
#include "harness/compare/gate/gate_report.hpp"
#include "harness/compare/gate/measures.hpp"
#include "harness/record/run_document.hpp"
#include "harness/sys/caller.hpp"
#include "harness/sys/kept_file.hpp"
#include "harness/text/clean_text.hpp"
#include "harness/text/input_error.hpp"

namespace pktbench::cli {

namespace {

using Seconds = std::chrono::duration<double>;
using SteadyClock = std::chrono::steady_clock;

int status_of(GateKind verdict) {
  if (verdict == GateKind::regression) return kRegression;
  return verdict == GateKind::unchanged || verdict == GateKind::improvement ? kDone : kInvalid;
}

class Gate {
 public:
  Gate(const GateArguments& arguments, std::string scenario_file, const std::string& name)
      : arguments_(arguments), stop_(install_stop_signals()), file_(std::move(scenario_file)) {
    report_.scenario = name;
    report_.dir = arguments.out.empty() ? default_run_dir("results", name) : arguments.out;
    report_.varied = arguments.varied;
    report_.budget_s = arguments.budget_s;
    report_.rules.history = static_cast<std::size_t>(arguments.runs);
    report_.rules.min_effect = arguments.min_effect_percent / 100;
    report_.rules.must_see = arguments.must_see_percent / 100;
  }

  int run() {
    const int ended = in_turn() ? take_turns() : against_history();
    if (ended != kDone) return ended;
    report_.verdict = worst(report_.measures);
    if (report_.measures.empty()) report_.reason = "no case has a figure that can be judged";
    if (!in_turn())
      if (auto r = roll_into_baseline(); !r) return report_error(r.error());
    const int status = status_of(report_.verdict);
    const std::string json = gate_json(report_, status);
    if (auto r = sys::keep_file(report_.dir, kGateFileName, json); !r)
      return report_error(r.error());
    return print_result(arguments_.json ? json : gate_text(report_, stdout_terminal()), status);
  }

 private:
  bool in_turn() const { return !arguments_.new_command.empty(); }

  bool has_time() const {
    return Seconds(SteadyClock::now() - began_).count() < arguments_.budget_s;
  }

  // kDone, and the run is in `made`; else the status with which the gate ends.
  int measure(const std::string& dir, const std::vector<std::string>& cases,
              std::vector<RecordedRun>& made) {
    const int status = run_program(arguments_, file_, dir, cases, stop_);
    if (status != kDone && status != kInvalid) return status;
    auto run = read_recorded_run(dir);
    if (!run) return report_error(run.error());
    report_.runs.push_back(dir);
    made.push_back(std::move(*run));
    return kDone;
  }

  int against_history() {
    // Before anything is measured: what is wrong with it is known at once.
    report_.baseline = baseline_path(arguments_.baseline, host_name(), report_.scenario);
    auto read = read_baseline(report_.baseline);
    if (!read) return report_error(read.error());
    if (*read) baseline_ = **read;
    std::vector<RecordedRun> runs;
    if (const int ended = measure(report_.dir, {}, runs); ended != kDone) return ended;
    began_ = SteadyClock::now();
    run_ = runs.front();
    about(run_);
    if (!run_.fingerprint) return report_error(make_error(ErrorCode::failed, "no fingerprint"));
    baseline_.host = run_.host;
    baseline_.scenario = report_.scenario;
    epoch_ = epoch_for(baseline_, *run_.fingerprint, arguments_.varied);
    if (!epoch_ && !baseline_.epochs.empty()) {
      set_incomparable(baseline_.epochs.back().fingerprint);
      return kDone;
    }
    if (epoch_) {
      report_.epoch_since = epoch_->since;
      report_.epoch_reason = epoch_->reason;
    } else {
      report_.reason = "there is no baseline of it yet, and this run begins one";
    }
    report_.measures = gate_measures(epoch_ ? *epoch_ : Epoch{}, run_, report_.rules);
    screen(report_.measures, report_.rules);
    return measure_suspects();
  }

  int measure_suspects() {
    const GateRules& rules = report_.rules;
    std::size_t again = 0;
    for (std::size_t look = 0; look < rules.looks.size(); ++look) {
      std::vector<std::string> suspects = open_cases(report_.measures);
      if (suspects.empty()) break;
      spdlog::info("measured again, {} runs: {}", rules.looks[look] - again,
                   boost::algorithm::join(suspects, ", "));
      for (; again < rules.looks[look] && has_time(); ++again) {
        std::vector<RecordedRun> runs;
        const std::string dir = fmt::format("{}/again-{}", report_.dir, again + 1);
        if (const int ended = measure(dir, suspects, runs); ended != kDone) return ended;
        add_run(report_.measures, runs.front());
      }
      if (again < rules.looks[look]) break;
      confirm(report_.measures, look, rules);
    }
    close_open(report_.measures, rules);
    return kDone;
  }

  int take_turns() {
    began_ = SteadyClock::now();
    report_.base_command = arguments_.base_command;
    report_.new_command = arguments_.new_command;
    report_.rules.looks = {4, 8, 12};
    std::vector<RecordedRun> base;
    std::vector<RecordedRun> next;
    std::vector<GateMeasure> judged;
    for (std::size_t look = 0; look < report_.rules.looks.size(); ++look) {
      while (base.size() < report_.rules.looks[look] && has_time()) {
        for (auto* side : {&base, &next}) {
          const bool is_base = side == &base;
          const std::string& command = is_base ? arguments_.base_command : arguments_.new_command;
          if (const int failed = run_command_line(command, stop_); failed != kDone) return failed;
          const std::string dir =
              fmt::format("{}/{}-{}", report_.dir, is_base ? "base" : "new", side->size() + 1);
          if (const int ended = measure(dir, {}, *side); ended != kDone) return ended;
        }
      }
      if (base.size() < report_.rules.looks[look]) break;
      if (const std::string unlike = unlike_states(base.front(), next.front()); !unlike.empty()) {
        report_.measures =
            incomparable_measures(next.front(), unlike, unlike_words(base, next, unlike));
        break;
      }
      judged = measures_in_turn(base, next);
      screen(judged, report_.rules);
      confirm(judged, look, report_.rules);
      report_.measures = judged;
      if (open_cases(judged).empty()) break;
    }
    if (report_.measures.empty() && !base.empty() && !next.empty()) {
      report_.measures = measures_in_turn(base, next);
      screen(report_.measures, report_.rules);
    }
    close_open(report_.measures, report_.rules);
    if (!next.empty()) about(next.front());
    return kDone;
  }

  // What the commands changed and may have changed is what is compared.
  std::string unlike_states(const RecordedRun& base, const RecordedRun& next) const {
    if (!base.fingerprint || !next.fingerprint) return "";
    std::vector<std::string> may = arguments_.varied;
    for (const char* field : {"driver", "firmware", "settings"}) may.emplace_back(field);
    const auto fields = different_fields(*base.fingerprint, *next.fingerprint, may);
    return fields.empty() ? "" : fields.front();
  }

  static std::string unlike_words(const std::vector<RecordedRun>& base,
                                  const std::vector<RecordedRun>& next, const std::string& field) {
    return fmt::format("{} differs: {} after the base command, {} after the new one", field,
                       printable(fingerprint_value(*base.front().fingerprint, field), 200),
                       printable(fingerprint_value(*next.front().fingerprint, field), 200));
  }

  void set_incomparable(const Fingerprint& last) {
    const auto fields = different_fields(last, *run_.fingerprint, arguments_.varied);
    const std::string& field = fields.front();
    const std::string also =
        fields.size() > 1
            ? fmt::format(" (and {})", fmt::join(fields.begin() + 1, fields.end(), ", "))
            : "";
    report_.reason = fmt::format(
        "{} differs{}: {} in the baseline, {} tonight; --varies {} compares all the same, and "
        "`baseline accept` begins a new epoch",
        field, also, printable(fingerprint_value(last, field), 200),
        printable(fingerprint_value(*run_.fingerprint, field), 200), field);
    report_.measures = incomparable_measures(run_, field, report_.reason);
  }

  void about(const RecordedRun& run) {
    report_.host = run.host;
    report_.started_at = run.started_at;
    if (run.fingerprint) report_.is_virtual = run.fingerprint->is_virtual;
  }

  // What passes is the history of the nights to come.
  Result<void> roll_into_baseline() {
    if (report_.verdict == GateKind::incomparable) {
      report_.accepted = "left as it is: this run is of something else";
      return {};
    }
    if (report_.verdict == GateKind::regression) {
      report_.accepted = "left as it is";
      return {};
    }
    if (!epoch_) {
      if (auto r = begin_epoch(baseline_, run_, "the first run"); !r) {
        report_.accepted = r.error().message;
        return {};
      }
      report_.accepted = "begun with this run: " + report_.baseline;
      return keep_baseline();
    }
    if (!different_fields(epoch_->fingerprint, *run_.fingerprint).empty()) {
      report_.accepted =
          "left as it is, since the run is of what is varied; to accept it: " + sys::called_as() +
          " baseline accept " + shell_word(report_.dir) + " --reason WHY --baseline " +
          shell_word(arguments_.baseline);
      return {};
    }
    std::vector<std::string> ids;
    for (const BaselineCase& c : baseline_cases(run_))
      if (std::ranges::all_of(report_.measures, [&](const GateMeasure& m) {
            return m.case_id != c.id || may_be_accepted(m, report_.rules);
          }))
        ids.push_back(c.id);
    if (ids.empty()) {
      report_.accepted = "left as it is: no case of this run passed";
      return {};
    }
    roll_in(*epoch_, run_, ids);
    report_.accepted = fmt::format("this run is in it now, with {} of its cases: {}", ids.size(),
                                   report_.baseline);
    return keep_baseline();
  }

  Result<void> keep_baseline() {
    return sys::keep_file(arguments_.baseline,
                          std::filesystem::path(report_.baseline).filename().string(),
                          baseline_text(baseline_));
  }

  const GateArguments& arguments_;
  const StopFlag& stop_;
  std::string file_;
  GateReport report_;
  RecordedRun run_;
  Baseline baseline_;
  Epoch* epoch_ = nullptr;  // in baseline_; null: none fits
  SteadyClock::time_point began_ = SteadyClock::now();
};

}  // namespace

int gate_command(const GateArguments& given) {
  const auto bad = [](const std::string& why) {
    return report_error(make_error(ErrorCode::invalid_input, why));
  };
  if (given.base_command.empty() != given.new_command.empty())
    return bad("--base-command and --new-command go together; give both or neither");
  if (!given.new_command.empty() && !given.baseline.empty())
    return bad("--baseline and --base-command exclude each other: either history or two states");
  GateArguments arguments = given;
  if (arguments.baseline.empty()) arguments.baseline = kBaselineDir;
  std::string file;
  if (auto r = find_scenario(given.scenario).into(file); !r) return report_error(r.error());
  const auto scenario = load_scenario(file, registry(), given.overrides);
  if (!scenario) return report_error(scenario.error());
  return Gate(arguments, file, scenario->name).run();
}

}  // namespace pktbench::cli
