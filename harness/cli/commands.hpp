// The subcommands. Each returns the process's exit status (see output.hpp) and prints results
// on stdout, everything else on stderr.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/compare/comparison.hpp"
#include "harness/runner/scenario.hpp"

namespace pktbench::cli {

struct RunArguments {
  std::string scenario;
  std::string out;     // empty: results/<UTC>-<host>-<scenario>
  std::string resume;  // empty: a new run
  std::string guess;   // directory of a run whose searches found what these begin with; empty: none
  ScenarioOverrides overrides;
  // Of testbed nic, and never in a file: ports that may be used, and those that are known to be.
  std::vector<std::string> allowed_pci;
  std::vector<std::string> i_know_this_is;
  std::optional<std::string> metrics;  // where Prometheus is answered
  std::vector<std::string> argv;
};
int run_command(const RunArguments& arguments);

struct ListArguments {
  std::vector<std::string> names;  // of what to show in full; empty: an overview
  bool json = false;
};
int list_command(const ListArguments& arguments);

struct CompareArguments {
  std::string base;  // a run.json or its directory; several by comma
  std::string next;
  CompareChoice choice;  // but for its rules, which are these
  double min_effect_percent = 0.4;
  double must_see_percent = 10;
  bool json = false;
};
int compare_command(const CompareArguments& arguments);

inline constexpr const char* kBaselineDir = "results/baselines";

struct GateArguments {
  std::string scenario;
  std::string out;       // empty: results/<UTC>-<host>-<scenario>
  std::string baseline;  // directory; empty: kBaselineDir, or two states in turn
  std::string base_command;
  std::string new_command;
  std::vector<std::string> varied;
  int runs = 10;
  double budget_s = 900;
  double min_effect_percent = 0.4;
  double must_see_percent = 5;
  bool json = false;
  ScenarioOverrides overrides;
  std::vector<std::string> allowed_pci;
  std::vector<std::string> i_know_this_is;
};
int gate_command(const GateArguments& arguments);

struct BaselineArguments {
  std::string action;  // "accept" or "list"
  std::string run;
  std::string reason;
  std::string dir = kBaselineDir;
};
int baseline_command(const BaselineArguments& arguments);

struct DoctorArguments {
  std::string port;  // an interface's name or a PCI address; empty: the host, and a line per port
  bool json = false;
  bool apply = false;
  std::vector<std::string> allowed_pci;
  std::string i_know_this_is;
};
int doctor_command(const DoctorArguments& arguments);

struct WatchArguments {
  std::string interface;
  double interval_s = 1;
  std::optional<double> duration_s;  // until it is stopped
  bool fallback = false;
  bool per_ip = false;
  bool json = false;
  std::optional<std::string> metrics;  // where Prometheus is answered
};
int watch_command(const WatchArguments& arguments);

int restore_command();

// Of a Python script of ours.
struct ScriptArguments {
  std::map<std::string, std::string> options;  // which it checks; empty ones are left out
  std::vector<std::string> words;              // that follow them
};
// Becomes `script` (a path below the project's root). Returns, with the exit status, only where it
// cannot: it is not installed, or others could have written it.
int become_script(const std::string& script, const ScriptArguments& arguments);
// The words: a command line of pktbench, to run in the guest.
int lab_command(ScriptArguments arguments);

}  // namespace pktbench::cli
