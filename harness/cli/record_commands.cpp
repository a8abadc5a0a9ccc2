#include "harness/cli/record_commands.hpp"

#include <memory>
#include <string>

#include "harness/cli/choices.hpp"
#include "harness/cli/commands.hpp"

namespace pktbench::cli {

void add_plots(CLI::App& app, Command& chosen) {
  const auto a = std::make_shared<ScriptArguments>();
  CLI::App* plots = app.add_subcommand("plots", "Draw the figures of a run, with their caption");
  plots->footer(
      "Example:\n"
      "  pktbench plots results/paced\n"
      "  pktbench plots results/paced --out figures --format svg,pdf\n\n"
      "Prints the paths of what it made.\n\n"
      "Exit status: 0 done, 2 bad input, 3 a package of Python is missing, 6 a file could not be "
      "written.");
  plots->add_option("run", a->words, "run.json or its directory")->required()->expected(1);
  plots->add_option("--out", a->options["--out"], "Directory for the figures [that of the run]");
  plots->add_option("--format", a->options["--format"], "By comma [all]")
      ->check(choice({"png", "svg", "pdf"}, true));
  plots->callback(
      [a, &chosen] { chosen = [a] { return become_script("plots/__main__.py", *a); }; });
}

void add_report(CLI::App& app, Command& chosen) {
  const auto a = std::make_shared<ScriptArguments>();
  CLI::App* report = app.add_subcommand(
      "report", "Make a page, every figure and the tables of runs, for those who were not there");
  report->footer(
      "Example:\n"
      "  pktbench report results/paced\n"
      "  pktbench report results/before results/after --out results/report\n\n"
      "Writes report.html, which is one file and asks nothing of the network; each figure as SVG, "
      "PDF and PNG with its numbers as CSV; tables.md, tables.tex and caption.txt. Several runs "
      "have a "
      "folder each. Prints the paths of what it made.\n\n"
      "Exit status: 0 done, 2 bad input (the other runs are reported all the same), 3 a package of "
      "Python is missing, 6 a file could not be written.");
  report
      ->add_option("runs", a->words,
                   "Each a run.json, its directory, or what `pktbench compare --json` printed")
      ->required();
  report->add_option("--out", a->options["--out"],
                     "Directory for the report [that of the run]; several runs need it");
  report->callback([a, &chosen] { chosen = [a] { return become_script("plots/report.py", *a); }; });
}

void add_validate(CLI::App& app, Command& chosen) {
  const auto a = std::make_shared<ScriptArguments>();
  CLI::App* validate = app.add_subcommand(
      "validate", "Check records of runs against the schema and what a schema cannot say");
  validate->footer(
      "Example:\n"
      "  pktbench validate results/paced/run.json results/paced/trials.jsonl\n\n"
      "Prints a line per problem: file, JSON pointer, what is wrong.\n\n"
      "Exit status: 0 all valid, 2 unreadable or not JSON, 3 a package of Python is missing, "
      "5 violations, 6 the result could not be written.");
  validate->add_option("files", a->words, "Each a run.json or its directory, or a trials.jsonl")
      ->required();
  validate->callback(
      [a, &chosen] { chosen = [a] { return become_script("results/schema/validate.py", *a); }; });
}

void add_history(CLI::App& app, Command& chosen) {
  const auto a = std::make_shared<ScriptArguments>();
  const auto action = std::make_shared<std::string>();
  CLI::App* history = app.add_subcommand(
      "history",
      "An index over recorded runs: since when is a case slower, and what changed there");
  history->footer(
      "Example:\n"
      "  pktbench history import results\n"
      "  pktbench history list\n"
      "  pktbench history trend --case xdp-native/drop/64B/1q/1f\n"
      "  pktbench history trend --format otava --out otava\n\n"
      "import takes runs in, each once; list shows them; trend shows steps and drift of each case "
      "and metric; rebuild makes the index anew of the runs named or of those that it knows. RUN "
      "is a run.json, its directory or a directory with runs below it.\n\n"
      "Exit status: 0 done, 2 bad input (what else was named is done all the same), 3 a package of "
      "Python is missing, 6 the result could not be written.");
  history->add_option("action", *action, "What to do")
      ->required()
      ->check(choice({"import", "list", "trend", "rebuild"}));
  history->add_option("runs", a->words, "import, rebuild: the runs");
  history->add_option("--store", a->options["--store"],
                      "The index: a file (SQLite) or postgresql://... [results/history.db]");
  history->add_option("--case", a->options["--case"], "trend: only the case of this id");
  history->add_option("--metric", a->options["--metric"], "trend: only the metric of this name");
  history->add_option("--host", a->options["--host"], "trend: only runs of this host");
  history->add_option("--varies", a->options["--varies"],
                      "trend: keys of the fingerprint that may differ within one series, by comma "
                      "[kernel,microcode,firmware,driver,settings]");
  history->add_option("--last", a->options["--last"],
                      "trend: runs of each series that are looked at [200]");
  history
      ->add_option("--format", a->options["--format"],
                   "trend: for people, as JSON, or as CSV files for Apache Otava [text]")
      ->check(choice({"text", "json", "otava"}));
  history->add_option("--out", a->options["--out"],
                      "trend: directory for Otava's files; without --format otava, for the figure");
  history->callback([a, action, &chosen] {
    a->words.insert(a->words.begin(), *action);
    chosen = [a] { return become_script("results/history/__main__.py", *a); };
  });
}

void add_export(CLI::App& app, Command& chosen) {
  const auto a = std::make_shared<ScriptArguments>();
  CLI::App* exported = app.add_subcommand("export", "Runs in the form that another program reads");
  exported->footer(
      "Example:\n"
      "  pktbench export results/paced --format junit --out paced.xml\n"
      "  pktbench export results/before results/after --format csv\n"
      "  pktbench export results/paced --format openmetrics\n\n"
      "markdown and junit read the gate.json or comparison.json beside the run, where there is "
      "one; markdown says nothing unless something moved or failed.\n\n"
      "Exit status: 0 done, 2 bad input (what else was named is done all the same), 3 a package of "
      "Python is missing, 6 the result could not be written.");
  exported->add_option("runs", a->words, "Each a run.json or its directory")->required();
  exported->add_option("--format", a->options["--format"], "Whose form")
      ->required()
      ->check(choice({"markdown", "junit", "github-action-benchmark", "bencher", "google-benchmark",
                      "csv", "openmetrics", "otava"}));
  exported->add_option("--out", a->options["--out"],
                       "File for the result [stdout]; of otava the directory");
  exported
      ->add_option("--better", a->options["--better"],
                   "github-action-benchmark: the metrics of which more, or less, is better, "
                   "which it reads from different files [higher]")
      ->check(choice({"higher", "lower"}));
  exported->callback(
      [a, &chosen] { chosen = [a] { return become_script("results/export/__main__.py", *a); }; });
}

}  // namespace pktbench::cli
