#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <random>
#include <utility>

#include "harness/cli/commands.hpp"
#include "harness/cli/guesses.hpp"
#include "harness/cli/host.hpp"
#include "harness/cli/metrics.hpp"
#include "harness/cli/output.hpp"
#include "harness/cli/registry.hpp"
#include "harness/cli/scenario_files.hpp"
#include "harness/cli/signals.hpp"
#include "harness/compare/case_pairs.hpp"
#include "harness/compare/recorded_run.hpp"
#include "harness/core/lookup.hpp"
#include "harness/host/environment.hpp"
#include "harness/live/progress.hpp"
#include "harness/live/run_metrics.hpp"
#include "harness/method/case_summary.hpp"
#include "harness/record/run_document.hpp"
#include "harness/record/run_writer.hpp"
#include "harness/report/table.hpp"
#include "harness/runner/run.hpp"
#include "harness/runner/trial_check.hpp"
#include "harness/sys/caller.hpp"
#include "harness/sys/own_path.hpp"
#include "harness/sys/utc.hpp"
#include "harness/testbed/port_safety.hpp"
#include "harness/testbed/testbeds.hpp"
#include "harness/text/clean_text.hpp"

namespace pktbench::cli {

namespace {

// Keeps each trial, and the machine's state around them.
class Recorder final : public Observer {
 public:
  Recorder(RunWriter& writer, RunDocument& document) : writer_(writer), document_(document) {}

  Result<void> on_testbeds_up(const Testbeds& testbeds) override {
    document_.testbed.arrangement = testbeds.front().testbed->arrangement();
    document_.testbed.dut_idle = testbeds.front().testbed->dut_idle();
    document_.testbed.ports = ports_of(testbeds);
    for (const auto& [label, testbed] : testbeds) {
      const std::string why = testbed->why_virtual();
      document_.testbed.is_virtual |= !why.empty();
      if (!why.empty()) spdlog::warn("the figures say nothing about hardware: {}", why);
    }
    for (const PortReport& port : document_.testbed.ports)
      for (const Applied& setting : port.settings)
        if (!setting.failed.empty())
          spdlog::warn("{} is without {} \"{}\": {}", port.interface, setting.setting,
                       setting.wanted, setting.failed);
    document_.environment_before = capture(testbeds);
    // A run that is killed leaves its scenario and environment behind, for --resume.
    // One that is resumed has them there already, with the trials.
    if (document_.resumed) return {};
    return writer_.finish(document_);
  }
  void on_testbeds_down(const Testbeds& testbeds) override {
    document_.testbed.ports = ports_of(testbeds);
    document_.environment_after = capture(testbeds);
  }
  Result<void> on_trial_ended(const CaseSpec& spec, const TrialRecord& trial, const TrialPlace&,
                              bool) override {
    return writer_.on_trial(spec, trial);
  }

 private:
  static std::vector<PortReport> ports_of(const Testbeds& testbeds) {
    std::vector<PortReport> all;
    for (const auto& [label, testbed] : testbeds)
      for (const End* end : {&testbed->generator(), &testbed->dut()})
        if (auto report = end->report()) {
          report->testbed_label = label;
          all.push_back(std::move(*report));
        }
    return all;
  }
  static nlohmann::ordered_json capture(const Testbeds& testbeds) {
    std::vector<EnvironmentPort> ports;
    for (const auto& [label, testbed] : testbeds)
      for (const auto& [role, end] :
           {std::pair("generator", &testbed->generator()), std::pair("dut", &testbed->dut())})
        if (end->port().here()) ports.push_back({role, end->port()});
    return capture_environment(ports);
  }

  RunWriter& writer_;
  RunDocument& document_;
};

std::string made_by(const nlohmann::ordered_json& run) {
  std::string text;
  for (const char* pointer :
       {"/run/host", "/run/git_commit", "/environment/before/kernel/release"}) {
    const nlohmann::ordered_json::json_pointer at(pointer);
    text += (run.contains(at) ? run[at].dump() : "null") + " ";
  }
  return text;
}

Result<nlohmann::ordered_json> load_run(const std::string& dir) {
  const std::string path = dir + "/" + kRunFileName;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    return make_error(ErrorCode::invalid_input,
                      path + ": cannot be read; --resume takes the directory of an earlier run");
  // However large: it is looked at for its scenario and for who made it.
  const JsonParts parts{{{"run", {}}, {"environment", {}}, {"scenario", {}}}, {}};
  auto run = read_json_file(path, kRunLimits, parts);
  if (run && (!run->is_object() || !run->contains("scenario")))
    return make_error(ErrorCode::invalid_input, path + ": is not the record of a run");
  return run;
}

// Not 0, and of 32 bits, so that every JSON reader keeps it exactly.
std::uint64_t draw_seed() {
  std::random_device device;
  return std::uniform_int_distribution<std::uint32_t>(1)(device);
}

// What belongs to the scenario, and so not beside --resume alone.
std::string first_override(const ScenarioOverrides& overrides) {
  if (!overrides.backends.empty()) return "--backend";
  if (!overrides.cases.empty()) return "--case";
  if (overrides.trials) return "--trials";
  if (overrides.restarts) return "--restarts";
  if (overrides.duration_s) return "--duration";
  return overrides.set.empty() ? "" : "--set";
}

Result<void> check_usage(const RunArguments& arguments) {
  const auto bad = [](const std::string& why) { return make_error(ErrorCode::invalid_input, why); };
  if (arguments.resume.empty()) {
    if (arguments.scenario.empty())
      return bad("run needs a scenario, or --resume with the directory of a run");
    return {};
  }
  if (!arguments.out.empty())
    return bad("--out and --resume exclude each other; --resume goes on in its own directory");
  if (!arguments.guess.empty())
    return bad("--guess: --resume goes on with the guess that the run has; leave it out");
  if (const std::string option = first_override(arguments.overrides);
      arguments.scenario.empty() && !option.empty())
    return bad(option + ": --resume goes on with the scenario that the run has; leave it out");
  return {};
}

// The command that goes on with a run, to be typed in the directory in which pktbench was called.
// The run's directory holds the scenario; what was said of the ports is said again.
std::string resume_line(const RunArguments& arguments, const std::string& dir) {
  std::string line = sys::called_as() + " run";
  const auto add = [&](const std::string& option, const std::string& value) {
    // A value that looks like an option has to be tied to its own.
    line += " " + option + (value.starts_with('-') ? "=" : " ") + shell_word(value);
  };
  add("--resume", dir);
  for (const std::string& pci : arguments.allowed_pci) add("--allow", pci);
  for (const std::string& port : arguments.i_know_this_is) add("--i-know-this-is", port);
  return line;
}

// Where two scenarios first differ, as a JSON pointer.
std::string first_difference(const nlohmann::ordered_json& one,
                             const nlohmann::ordered_json& other) {
  const auto changes = nlohmann::ordered_json::diff(one, other);
  return changes.empty() ? "/" : changes.front()["path"].get<std::string>();
}

// The scenario of an earlier run. One that is given as well has to be the same.
Result<Scenario> scenario_of_run(const RunArguments& arguments) {
  const std::string& dir = arguments.resume;
  auto earlier = load_run(dir);
  if (!earlier) return earlier.error();
  // Trials of another host, kernel or build do not belong into one median.
  RunDocument here = new_run_document({});
  here.environment_before = capture_environment({});
  if (made_by(*earlier) != made_by(cleaned(to_json(here))))
    return make_error(
        ErrorCode::invalid_input,
        dir + ": was made on another host or kernel, or by another build; start a new run");
  auto scenario = read_scenario((*earlier)["scenario"], dir + "/" + kRunFileName + ", scenario",
                                registry(), {});
  if (!scenario || arguments.scenario.empty()) return scenario;
  // A run goes on in the order in which it began.
  ScenarioOverrides overrides = arguments.overrides;
  overrides.drawn_seed = scenario->order_seed;
  auto given = load_scenario(arguments.scenario, registry(), overrides);
  if (given) keep_guesses(*scenario, *given);
  if (given && cleaned(given->resolved) != cleaned(scenario->resolved))
    return make_error(ErrorCode::invalid_input,
                      dir + ": was made from another scenario or other options (they differ at " +
                          first_difference(scenario->resolved, given->resolved) +
                          "); go on with: " + resume_line(arguments, dir));
  return given;
}

Result<Scenario> scenario_of(const RunArguments& arguments) {
  if (!arguments.resume.empty()) return scenario_of_run(arguments);
  ScenarioOverrides overrides = arguments.overrides;
  overrides.drawn_seed = draw_seed();
  return load_scenario(arguments.scenario, registry(), overrides);
}

Result<RunWriter> open_writer(const RunArguments& arguments, const Scenario& scenario) {
  if (arguments.resume.empty()) {
    const std::string dir =
        arguments.out.empty() ? default_run_dir("results", scenario.name) : arguments.out;
    return RunWriter::create(dir);
  }
  // Before anything is written there.
  auto log = load_trials(arguments.resume);
  if (!log) return log.error();
  if (auto r = check_trials(*log, scenario, arguments.resume); !r) return r.error();
  return RunWriter::resume(arguments.resume);
}

// After an error: a directory without a trial is not worth keeping, and in the way of the next run.
void abandon(const RunWriter& writer, const RunArguments& arguments) {
  namespace fs = std::filesystem;
  const fs::path dir = writer.dir();
  std::error_code ignored;
  if (fs::file_size(dir / kTrialLogName, ignored) > 0) {
    spdlog::info("finished trials are in {}; go on with: {}", writer.dir(),
                 resume_line(arguments, writer.dir()));
    return;
  }
  fs::remove(dir / kTrialLogName, ignored);
  fs::remove(dir / kRunFileName, ignored);
  fs::remove(dir, ignored);
}

int exit_status(const RunOutcome& outcome) {
  if (!outcome.not_restored.empty()) return kInternal;
  if (outcome.interrupted) return kInterrupted;
  const auto any = [&](CaseStatus s) { return contains(outcome.cases, s, &CaseResult::status); };
  if (any(CaseStatus::failed)) return kInternal;
  if (any(CaseStatus::invalid) || any(CaseStatus::disturbed)) return kInvalid;
  if (!any(CaseStatus::ok)) return kUnsupported;
  return kDone;
}

// What the user says of the ports is said on the command line, and not by a file.
Result<void> add_port_policy(const RunArguments& arguments, Scenario& scenario) {
  if (arguments.allowed_pci.empty() && arguments.i_know_this_is.empty()) return {};
  if (scenario.testbed != "nic")
    return make_error(
        ErrorCode::invalid_input,
        "--allow and --i-know-this-is are for testbed nic; this scenario's is " + scenario.testbed);
  for (const std::string& pci : arguments.allowed_pci)
    if (full_pci_address(pci).empty())
      return make_error(ErrorCode::invalid_input, "--allow " + pci + ": is no PCI address");
  for (TestbedChoice& testbed : scenario.testbeds) {
    testbed.options[testbed::kAllowedPci] = boost::algorithm::join(arguments.allowed_pci, " ");
    testbed.options[testbed::kKnownPorts] = boost::algorithm::join(arguments.i_know_this_is, " ");
  }
  return {};
}

// The commands of a scenario are run as root: nobody else may have written them.
Result<void> check_commands(const std::string& path, const Scenario& scenario) {
  if (!contains(scenario.cases, "external", &CaseSpec::backend)) return {};
  if (auto own = sys::open_own(path); !own)
    return make_error(own.error().code,
                      "the commands of " + path + " are not run: " + own.error().message);
  return {};
}

// To be typed where the run was made. Who called sudo owns the run, and needs no root to draw it.
std::string draw_line(const std::string& dir) {
  const std::string path = dir.starts_with('-') ? "./" + dir : dir;
  return shell_word(program_invocation_name) + " plots " + shell_word(path);
}

// Judges them by the run as `compare` will read it, and returns them for a terminal.
std::string add_pairs(RunDocument& document) {
  const auto recorded = parse_recorded_run(dump_json(to_json(document), -1), kRunFileName);
  if (!recorded) {
    spdlog::error("its pairs are not compared: {}", recorded.error().message);
    return "";
  }
  const std::vector<CaseComparison> pairs = case_pairs(*recorded);
  document.pairs = to_json(pairs);
  return pairs_text(pairs);
}

}  // namespace

int run_command(const RunArguments& given) {
  if (auto r = check_usage(given); !r) return report_error(r.error());
  RunArguments arguments = given;
  if (!given.scenario.empty())
    if (auto r = find_scenario(given.scenario).into(arguments.scenario); !r)
      return report_error(r.error());
  auto scenario = scenario_of(arguments);
  if (!scenario) return report_error(scenario.error());

  if (auto r = add_port_policy(arguments, *scenario); !r) return report_error(r.error());
  if (auto r = add_guesses(arguments.guess, *scenario); !r) return report_error(r.error());
  const std::string commands_from =
      arguments.scenario.empty() ? arguments.resume + "/" + kRunFileName : arguments.scenario;
  if (auto r = check_commands(commands_from, *scenario); !r) return report_error(r.error());

  std::unique_ptr<MetricsServer> server;
  if (auto r = open_metrics(arguments.metrics).into(server); !r) return report_error(r.error());
  const TestbedType& testbed = *find_by_name(registry().testbeds, scenario->testbed);
  std::optional<undo::HostLock> lock;
  if (testbed.touches_host)
    if (auto r = claim_host("scenario " + scenario->name).into(lock); !r)
      return report_error(r.error());
  if (const std::string reason = testbed.probe(); !reason.empty())
    return report_error(
        make_error(ErrorCode::refused, "testbed " + testbed.name + " is unavailable: " + reason));

  auto writer = open_writer(arguments, *scenario);
  if (!writer) return report_error(writer.error());
  FinishedTrials finished;
  for (const LoggedTrial& t : writer->resumed().trials) finished[t.case_id].push_back(t.trial);
  if (!writer->resumed().torn.empty()) spdlog::warn("{}", writer->resumed().torn);

  const StopFlag& stop = install_stop_signals();
  RunDocument document = new_run_document(arguments.argv);
  document.resumed = !arguments.resume.empty();
  document.scenario = scenario->resolved;
  document.testbed.testbed = testbed.name;
  document.testbed.emulator = emulator();
  document.testbed.is_virtual = testbed.is_virtual || !document.testbed.emulator.empty();

  Recorder recorder(*writer, document);
  auto progress = make_stderr_progress();
  std::vector<Observer*> all = {&recorder, progress.get()};
  std::optional<RunMetrics> metrics;
  if (server) {
    all.push_back(&metrics.emplace(*server));
    for (const CaseSpec& spec : scenario->cases)
      for (const TrialRecord& trial : finished[spec.id])
        if (!trial.bpf_stats) metrics->add(spec, trial);
  }
  Observers observers(std::move(all));
  auto outcome = run_scenario(*scenario, registry(), finished, observers, stop);
  if (!outcome) {
    abandon(*writer, arguments);
    return report_error(outcome.error());
  }
  document.cases = outcome->cases;
  document.interrupted = outcome->interrupted;
  document.finished_at = sys::rfc3339_utc(sys::utc_now());
  const std::string pairs = add_pairs(document);
  const auto kept = writer->finish(document);

  const Terminal terminal = stdout_terminal();
  std::string text =
      result_table(outcome->cases, *scenario->method, document.testbed, terminal) + "\n";
  if (!pairs.empty()) text += wrapped(pairs, terminal.columns) + "\n";
  if (kept) {
    text += fmt::format("run: {}/{}\n", clean_line(writer->dir()), kRunFileName);
    if (std::ranges::any_of(outcome->cases, has_summary))
      text += "to draw it: " + draw_line(writer->dir()) + "\n";
  }
  int status = print_result(text, exit_status(*outcome));
  if (!outcome->not_restored.empty())
    spdlog::error("the host is not restored: {}; type: {} restore", outcome->not_restored,
                  sys::called_as());
  if (!kept) {
    status = report_error(kept.error());
    spdlog::error("every finished trial is kept; go on with: {}",
                  resume_line(arguments, writer->dir()));
  } else if (outcome->interrupted) {
    spdlog::warn("interrupted; go on with: {}", resume_line(arguments, writer->dir()));
  }
  if (server) server->wait_for_reader(stop);
  return status;
}

}  // namespace pktbench::cli
