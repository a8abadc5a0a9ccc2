// A whole run, as run.json holds it, and what tells one from another: its id, its host, its time
// and its directory.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/core/case_result.hpp"
#include "harness/record/field_json.hpp"
#include "harness/record/json.hpp"
#include "harness/sys/json_file.hpp"

namespace pktbench {

// A hundred cases of a thousand trials are below these, which the figures have as well
// (results/schema/checked.py). Up to there the figures stay below 300 MB, and `compare` far below.
inline constexpr JsonLimits kRunLimits{
    .bytes = std::size_t{1} << 29,
    .depth = 32,
    .keys = 100'000,
    .too_large = "; measure in several runs of fewer cases or trials"};

inline constexpr const char* kRunSchema = "pktbench-run/1";

struct RunDocument {
  std::string id;
  std::string tool_version;
  std::string git_commit;  // empty: not built from git
  std::string host;
  std::string started_at;   // UTC, RFC 3339
  std::string finished_at;  // empty: not finished
  std::vector<std::string> argv;
  bool interrupted = false;
  bool resumed = false;

  nlohmann::ordered_json environment_before;
  nlohmann::ordered_json environment_after;  // null: not captured
  nlohmann::ordered_json scenario;           // resolved
  TestbedFacts testbed;
  std::vector<CaseResult> cases;
  nlohmann::ordered_json pairs = nlohmann::ordered_json::array();  // harness/compare/case_pairs.hpp
};

// Random, in the form of a UUID (version 4).
std::string random_run_id();

// gethostname(), as clean_line() makes it; "unknown" where there is none.
std::string host_name();

// "<results_root>/20260102T030405Z-<host>-<scenario>"; what a file name should not hold becomes
// '-'.
std::string run_dir_name(const std::string& results_root, const std::string& host,
                         const std::string& scenario, std::chrono::system_clock::time_point at);
std::string default_run_dir(const std::string& results_root, const std::string& scenario);

// Id, host, version, commit and start filled in.
RunDocument new_run_document(std::vector<std::string> argv);

nlohmann::ordered_json to_json(const RunDocument& document);

// What run.json holds.
struct StoredRun {
  RunDocument head;  // all but the cases, and of its testbed the ports
  std::vector<CaseDocument> cases;
};

// The inverse. Errors: invalid_input with the JSON pointer of the value at fault, where it is one
// that `heeds` names.
Result<StoredRun> run_from_json(const nlohmann::ordered_json& json, const Heeds& heeds = {});

}  // namespace pktbench
