#include <CLI/CLI.hpp>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

#include "harness/cli/choices.hpp"
#include "harness/cli/commands.hpp"
#include "harness/cli/output.hpp"
#include "harness/cli/pages.hpp"
#include "harness/cli/record_commands.hpp"
#include "harness/cli/signals.hpp"
#include "harness/cli/usage_error.hpp"
#include "harness/core/version.hpp"
#include "harness/sys/standard_streams.hpp"
#include "harness/text/fit.hpp"

namespace {

using namespace pktbench;
using cli::Command;
using cli::number_within;

std::string version_text() {
  const BuildInfo& b = build_info();
  return "pktbench " + b.version + (b.git_commit.empty() ? "" : " (" + b.git_commit + ")");
}

void repeatable(CLI::Option* option) {
  option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

constexpr const char* kMetricsHelp =
    "Answer Prometheus at this address and port, or at 127.0.0.1 and this port; 0: any free one";

void add_run(CLI::App& app, Command& chosen, std::vector<std::string> argv) {
  const auto a = std::make_shared<cli::RunArguments>();
  a->argv = std::move(argv);
  CLI::App* run = app.add_subcommand("run", "Measure every case of a scenario");
  run->footer(
      "Example:\n"
      "  sudo pktbench run quickstart --backend xdp-native --trials 10\n"
      "  sudo pktbench run quickstart --set /traffic/frame_size=512\n"
      "  sudo pktbench run quickstart --metrics 127.0.0.1:9100\n"
      "  sudo pktbench run --resume results/20261128T120000Z-host-quickstart\n\n"
      "Exit status: 0 done, 2 bad input, 3 refused, 4 every case unsupported, 5 an invalid case, "
      "6 a failed case, 130 interrupted (finished trials are kept).");
  run->add_option("scenario", a->scenario,
                  "Scenario: a file (JSON), or the name of one that `pktbench list` shows");
  run->add_option("--out", a->out, "Directory for the results; it must be new or empty");
  repeatable(run->add_option("--backend", a->overrides.backends,
                             "Only this backend of the scenario (repeatable)"));
  run->add_option("--trials", a->overrides.trials, "Trials per case")->check(cli::whole_number());
  repeatable(
      run->add_option("--case", a->overrides.cases, "Only the case with this id (repeatable)"));
  run->add_option("--restarts", a->overrides.restarts,
                  "Blocks of rounds, before each of which the testbed is torn down and set up anew")
      ->check(cli::whole_number());
  run->add_option("--duration", a->overrides.duration_s, "Measured window of a trial, in seconds")
      ->check(number_within());
  repeatable(run->add_option("--set", a->overrides.set,
                             "Set a value of the scenario: /json/pointer=value (repeatable)"));
  repeatable(run->add_option("--allow", a->allowed_pci,
                             "Testbed nic: use only the port at this PCI address (repeatable)"));
  repeatable(run->add_option("--i-know-this-is", a->i_know_this_is,
                             "Testbed nic: use a port although it is refused; repeat its "
                             "interface's name (repeatable)"));
  run->add_option("--resume", a->resume,
                  "Go on with the interrupted run in this directory, by the scenario it has");
  run->add_option("--guess", a->guess,
                  "Method search: begin with what the run in this directory found, which is not "
                  "trusted");
  run->add_option("--metrics", a->metrics, kMetricsHelp);
  run->callback([a, &chosen] { chosen = [a] { return cli::run_command(*a); }; });
}

void add_list(CLI::App& app, Command& chosen) {
  const auto a = std::make_shared<cli::ListArguments>();
  CLI::App* list = app.add_subcommand(
      "list", "What there is: backends, generators, testbeds, methods, scenarios");
  list->footer(
      "Example:\n"
      "  pktbench list\n"
      "  pktbench list af_xdp quickstart\n\n"
      "Exit status: 0 done, 2 no such name.");
  list->add_option("names", a->names, "Show these in full: options, or the cases of a scenario");
  list->add_flag("--json", a->json, "As JSON");
  list->callback([a, &chosen] { chosen = [a] { return cli::list_command(*a); }; });
}

void add_compare(CLI::App& app, Command& chosen) {
  const auto a = std::make_shared<cli::CompareArguments>();
  CLI::App* compare = app.add_subcommand(
      "compare", "Has a case become slower or dearer? Two runs, or two cases of one run");
  compare->footer(
      "Example:\n"
      "  pktbench compare results/before results/after\n"
      "  pktbench compare results/both results/both --base-case xdp-native/drop/64B/1q/1f \\\n"
      "    --new-case af_xdp/drop/64B/1q/1f\n"
      "  pktbench compare results/a1,results/a2,results/a3 results/b1,results/b2,results/b3\n\n"
      "Cases are matched by id. Trials of one run pair by round: 8 rounds at least, 10 or more to "
      "see little. Of separate runs the run is the unit: name several a side, by comma, or make "
      "each "
      "with `run --restarts`, and its restarts are; one run a side is inconclusive.\n\n"
      "Exit status: 0 no regression in what was compared, 1 regression, 2 bad input or a run "
      "against "
      "itself, 5 inconclusive or not comparable, 6 the result could not be written.");
  compare->add_option("base", a->base, "run.json or its directory; several by comma")->required();
  compare
      ->add_option("new", a->next,
                   "run.json or its directory, several by comma; the same for two of its cases")
      ->required();
  compare->add_option("--base-case", a->choice.base_case, "Compare this case of BASE...");
  compare->add_option("--new-case", a->choice.new_case, "...with this one of NEW");
  compare
      ->add_option("--min-effect", a->min_effect_percent,
                   "Changes up to this raise no alarm, in percent")
      ->check(number_within({0, 50}))
      ->capture_default_str();
  compare
      ->add_option("--must-see", a->must_see_percent,
                   "A case in which such a change would not be seen is inconclusive, in percent")
      ->check(number_within({0.1, 1000}))
      ->capture_default_str();
  compare->add_flag("--json", a->json, "As JSON (comparison.schema.json)");
  compare->callback([a, &chosen] { chosen = [a] { return cli::compare_command(*a); }; });
}

void add_gate(CLI::App& app, Command& chosen) {
  const auto a = std::make_shared<cli::GateArguments>();
  CLI::App* gate = app.add_subcommand(
      "gate", "Measure a scenario: has a case become slower or dearer than its history has it?");
  gate->footer(
      "Example:\n"
      "  sudo pktbench gate nic-compare --baseline /srv/baselines --budget 1800\n"
      "  sudo pktbench gate nic-compare --varies kernel\n"
      "  sudo pktbench gate nic-compare --base-command 'modprobe -r r8169; insmod old.ko' \\\n"
      "    --new-command 'rmmod r8169; insmod new.ko'\n\n"
      "Tonight's run is held against the last accepted ones of its fingerprint (host, CPU, "
      "microcode, kernel, NIC, driver, firmware, settings, scenario); 5 at least to be able to "
      "alarm. "
      "Suspects alone are measured again, by runs of their own, until the verdict holds or "
      "--budget "
      "is spent. What passes rolls into the baseline by itself. With the two commands both states "
      "are "
      "measured in turn in one sitting (4, 8 or 12 runs of either), each after its command, which "
      "/bin/sh runs as the user who runs the gate: with sudo as root. The verdict is gate.json in "
      "the "
      "run's directory.\n\n"
      "Exit status: 0 nothing became worse, 1 regression, 2 bad input, 3 refused, or a command "
      "failed, 4 every case unsupported, 5 inconclusive or incomparable, 6 a failed case, "
      "130 interrupted.");
  gate->add_option("scenario", a->scenario,
                   "Scenario: a file (JSON), or the name of one that `pktbench list` shows")
      ->required();
  gate->add_option("--baseline", a->baseline,
                   "Directory of the history, a file for each host and scenario "
                   "[results/baselines]");
  gate->add_option("--out", a->out, "Directory for the runs; it must be new or empty");
  gate->add_option("--runs", a->runs, "Length of the history: the last so many accepted runs")
      ->check(number_within({5, 1000}))
      ->capture_default_str();
  gate->add_option("--budget", a->budget_s,
                   "Seconds in which a further run of a suspect, or of either state, may begin")
      ->check(number_within({0, 1e7}))
      ->capture_default_str();
  repeatable(gate->add_option("--varies", a->varied,
                              "Of the fingerprint, what is under test and may differ (repeatable)")
                 ->check(cli::choice({"host", "cpu", "microcode", "kernel", "nic", "driver",
                                      "firmware", "settings", "scenario"})));
  gate->add_option("--base-command", a->base_command, "Makes the one state of two...");
  gate->add_option("--new-command", a->new_command, "...and this the other");
  gate->add_option("--min-effect", a->min_effect_percent,
                   "Changes up to this raise no alarm, in percent")
      ->check(number_within({0, 50}))
      ->capture_default_str();
  gate->add_option("--must-see", a->must_see_percent,
                   "A case in which such a change would not be seen is inconclusive, in percent")
      ->check(number_within({0.1, 1000}))
      ->capture_default_str();
  repeatable(gate->add_option("--backend", a->overrides.backends,
                              "Only this backend of the scenario (repeatable)"));
  gate->add_option("--trials", a->overrides.trials, "Trials per case of a run")
      ->check(cli::whole_number());
  gate->add_option("--duration", a->overrides.duration_s, "Measured window of a trial, in seconds")
      ->check(number_within());
  gate->add_option("--restarts", a->overrides.restarts, "Of each run, as `run --restarts` has it")
      ->check(cli::whole_number());
  repeatable(gate->add_option("--set", a->overrides.set,
                              "Set a value of the scenario: /json/pointer=value (repeatable)"));
  repeatable(gate->add_option("--allow", a->allowed_pci,
                              "Testbed nic: use only the port at this PCI address (repeatable)"));
  repeatable(gate->add_option("--i-know-this-is", a->i_know_this_is,
                              "Testbed nic: use a port although it is refused; repeat its "
                              "interface's name (repeatable)"));
  gate->add_flag("--json", a->json, "As JSON (gate.schema.json)");
  gate->callback([a, &chosen] { chosen = [a] { return cli::gate_command(*a); }; });
}

void add_baseline(CLI::App& app, Command& chosen) {
  const auto a = std::make_shared<cli::BaselineArguments>();
  CLI::App* baseline =
      app.add_subcommand("baseline", "What the gate compares with: accept a run, or list all");
  baseline->footer(
      "Example:\n"
      "  pktbench baseline accept results/20261128T120000Z-host-nic-compare --reason 'new "
      "firmware'\n"
      "  pktbench baseline list\n\n"
      "A run that is accepted begins a new epoch of its host and scenario: later runs are held "
      "against it and what rolls in after it, and no more against what was before. Each of its "
      "restarts counts as a run.\n\n"
      "Exit status: 0 done, 2 bad input, 3 refused (a virtual run among hardware), 6 the file "
      "could "
      "not be written.");
  baseline->add_option("action", a->action, "accept or list")
      ->required()
      ->check(cli::choice({"accept", "list"}));
  baseline->add_option("run", a->run, "To accept: run.json or its directory");
  baseline->add_option("--reason", a->reason, "Why it is the new state of the world");
  baseline->add_option("--baseline", a->dir, "Directory of the baselines")->capture_default_str();
  baseline->callback([a, &chosen] { chosen = [a] { return cli::baseline_command(*a); }; });
}

void add_doctor(CLI::App& app, Command& chosen) {
  const auto a = std::make_shared<cli::DoctorArguments>();
  CLI::App* doctor = app.add_subcommand(
      "doctor",
      "What on this host or port would spoil a measurement, and the command that mends it");
  doctor->footer(
      "Example:\n"
      "  pktbench doctor\n"
      "  pktbench doctor eth1 --json\n"
      "  sudo pktbench doctor 0000:01:00.0 --apply\n\n"
      "Exit status: 0 no ERROR, 2 no such port, 3 an ERROR or a refused port.");
  doctor->add_option("port", a->port, "Interface name or PCI address; without it, the host");
  doctor->add_flag("--json", a->json, "As JSON (doctor.schema.json)");
  doctor->add_flag("--apply", a->apply,
                   "Set what can be set (governor, BPF JIT; of a port that is safe to use: rings, "
                   "pause, LRO, MTU), until `pktbench restore`");
  repeatable(doctor->add_option("--allow", a->allowed_pci,
                                "Only the port at this PCI address may be used (repeatable)"));
  doctor->add_option("--i-know-this-is", a->i_know_this_is,
                     "Use the port although it is refused; repeat its interface's name");
  doctor->callback([a, &chosen] { chosen = [a] { return cli::doctor_command(*a); }; });
}

void add_lab(CLI::App& app, Command& chosen) {
  const auto a = std::make_shared<cli::ScriptArguments>();
  CLI::App* lab = app.add_subcommand(
      "lab", "Run a pktbench command in a QEMU guest that has emulated PCI network cards");
  lab->footer(
      "Example:\n"
      "  pktbench lab -- doctor eth0\n"
      "  pktbench lab --nics e1000e,rtl8139 -- run nic-compare --out results/lab\n\n"
      "Cards under test are at PCI addresses 0000:00:10.0, 0000:00:11.0, ..., each wired to a "
      "card of the generator at 0000:00:08.0, 0000:00:09.0, ...; an igb is behind a port of its "
      "own, the first generator at 0000:01:00.0, and comes with a kernel and a QEMU of Debian's "
      "backports. The guest sees this machine's files and writes into the directory of --out or "
      "--resume, or else into ./results, only. Needs no root.\n\n"
      "Exit status: that of the command; 2 bad usage, 3 QEMU or the kernel package is missing, "
      "6 the guest died or reached its time limit, 130 interrupted.");
  const std::vector<std::string> cards = {"e1000e",  "e1000",      "igb",
                                          "rtl8139", "virtio-net", "vmxnet3"};
  lab->add_option("--nics", a->options["--nics"], "Cards under test, by comma [e1000e,rtl8139]")
      ->check(cli::choice(cards, true));
  lab->add_option("--generator", a->options["--generator"],
                  "The generators' cards, by comma; the last is that of all further ones [e1000e]")
      ->check(cli::choice(cards, true));
  lab->add_option("--release", a->options["--release"],
                  "Where kernel and QEMU are from: backports (Debian's, not installed) or host "
                  "[backports for an igb, else host]")
      ->check(cli::choice({"backports", "host"}));
  lab->add_option("--accel", a->options["--accel"],
                  "auto: kvm where kvm_intel or kvm_amd is loaded, else tcg [auto]")
      ->check(cli::choice({"auto", "tcg", "kvm"}));
  const std::vector<std::pair<const char*, const char*>> options = {
      {"--cpus", "Virtual CPUs [2]"},
      {"--memory", "Of the guest, in MiB [1536]"},
      {"--hugepages", "Of 2 MiB each, for DPDK [128]"},
      {"--timeout", "Time limit of the guest, in seconds [600]"},
      {"--cache", "Where what is unpacked is kept [~/.cache/pktbench/lab]"}};
  for (const auto& [name, help] : options) lab->add_option(name, a->options[name], help);
  lab->add_option("command", a->words, "What pktbench is to do in the guest")->required();
  lab->callback([a, &chosen] { chosen = [a] { return cli::lab_command(*a); }; });
}

void add_watch(CLI::App& app, Command& chosen) {
  const auto a = std::make_shared<cli::WatchArguments>();
  CLI::App* watch = app.add_subcommand(
      "watch", "Count what arrives at an interface, in XDP; every packet passes");
  watch->footer(
      "Example:\n"
      "  sudo pktbench watch eth1\n"
      "  sudo pktbench watch eth1 --per-ip --interval 5\n"
      "  sudo pktbench watch eth1 --metrics 127.0.0.1:9100\n\n"
      "By queue and CPU, from the moment it is attached on; --json has all addresses. A program of "
      "somebody else's is not replaced. Ours is gone with this process, however that ends. Some "
      "drivers set their queues up anew when a program comes or goes, and lose packets for a "
      "moment. Not counted is what the NIC drops before XDP and what is sent; bytes are without "
      "the FCS and without a VLAN tag that the NIC has taken out.\n\n"
      "Exit status: 0 stopped (Ctrl-C) or --duration is over, 2 no such interface, 3 it has a "
      "program, this is not root, or the port of --metrics is taken, 4 the driver has no native "
      "XDP, 6 the interface is gone or the program was taken off it.");
  watch->add_option("interface", a->interface, "Of this network namespace")->required();
  watch->add_option("--interval", a->interval_s, "Seconds between two lines")
      ->check(number_within({0.1, 86400}))
      ->capture_default_str();
  watch->add_option("--duration", a->duration_s, "Stop after so many seconds")
      ->check(number_within({0.1, {}}));
  watch->add_flag("--fallback", a->fallback,
                  "In the generic hook where the driver has no native XDP");
  watch->add_flag("--per-ip", a->per_ip, "By source address, too: the ten busiest");
  watch->add_flag("--json", a->json, "An object per line and interval");
  watch->add_option("--metrics", a->metrics, kMetricsHelp);
  watch->callback([a, &chosen] { chosen = [a] { return cli::watch_command(*a); }; });
}

void add_restore(CLI::App& app, Command& chosen) {
  CLI::App* restore = app.add_subcommand(
      "restore", "Undo what a killed run has left on this host, and what doctor --apply set");
  restore->footer("Example:\n  sudo pktbench restore");
  restore->callback([&chosen] { chosen = cli::restore_command; });
}

}  // namespace

int main(int argc, char** argv) {
  sys::open_standard_streams();
  cli::set_up_log();
  cli::outlive_file_size_limits();

  CLI::App app{"pktbench: every way of receiving a packet on Linux through one measurement",
               "pktbench"};
  app.set_version_flag("--version", version_text());
  app.require_subcommand(1);
  app.footer(
      "Example:\n  sudo pktbench run quickstart\n\n"
      "`pktbench COMMAND --help` shows a command's options.");

  Command chosen;
  add_run(app, chosen, {argv, argv + argc});
  add_list(app, chosen);
  add_compare(app, chosen);
  add_gate(app, chosen);
  add_baseline(app, chosen);
  add_doctor(app, chosen);
  cli::add_plots(app, chosen);
  cli::add_report(app, chosen);
  cli::add_validate(app, chosen);
  cli::add_history(app, chosen);
  cli::add_export(app, chosen);
  add_lab(app, chosen);
  add_watch(app, chosen);
  add_restore(app, chosen);
  cli::check_all_values(app);
  if (const auto text = cli::page(app, {argv + 1, argv + argc}))
    return cli::print_result(*text, cli::kDone);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    std::ostringstream asked_for;  // --help, --version
    app.exit(e, asked_for);
    return cli::print_result(wrapped(asked_for.str(), cli::stdout_terminal().columns), cli::kDone);
  } catch (const CLI::ParseError& e) {
    return cli::report_error(cli::usage_error(app, e));
  }
  // Nothing of ours throws; what a library throws still has to unwind, which restores the host.
  try {
    return chosen();
  } catch (const std::exception& e) {
    return cli::report_error(make_error(ErrorCode::failed, e.what()));
  }
}
