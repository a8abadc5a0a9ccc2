// The subcommands. Each returns the process's exit status (see exit_status.hpp) and prints results
// on stdout, everything else on stderr.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/runner/scenario.hpp"

namespace pktbench::cli {

struct RunArguments {
  std::string scenario;
  std::string out;     // empty: results/<UTC>-<host>-<scenario>
  std::string resume;  // empty: a new run
  ScenarioOverrides overrides;
  // Of testbed nic, and never in a file: ports that may be used, and those that are known to be.
  std::vector<std::string> allowed_pci;
  std::vector<std::string> i_know_this_is;
  std::vector<std::string> argv;
};
int run_command(const RunArguments& arguments);

struct ListArguments {
  std::vector<std::string> names;  // of what to show in full; empty: an overview
  bool json = false;
};
int list_command(const ListArguments& arguments);

struct CompareArguments {
  std::string base;  // a run.json or its directory
  std::string next;
  std::string base_case;  // empty, as is new_case: all cases, matched by id
  std::string new_case;
  double min_effect_percent = 0.4;
  double must_see_percent = 10;
  bool json = false;
};
int compare_command(const CompareArguments& arguments);

struct DoctorArguments {
  std::string port;  // an interface's name or a PCI address; empty: the host, and a line per port
  bool json = false;
  bool apply = false;
  std::vector<std::string> allowed_pci;
  std::string i_know_this_is;
};
int doctor_command(const DoctorArguments& arguments);

int restore_command();

struct PlotsArguments {
  std::string run;      // a run.json or its directory
  std::string out;      // empty: where the run is
  std::string formats;  // by comma; empty: all
};
int plots_command(const PlotsArguments& arguments);

struct ValidateArguments {
  std::vector<std::string> files;
};
int validate_command(const ValidateArguments& arguments);

struct LabArguments {
  std::map<std::string, std::string> options;  // of scripts/lab, which checks them
  std::vector<std::string> command;            // a command line of pktbench, to run in the guest
};
int lab_command(const LabArguments& arguments);

}  // namespace pktbench::cli
