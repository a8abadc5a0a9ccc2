#include "harness/compare/recorded_run.hpp"

#include <fmt/format.h>

#include <boost/algorithm/string/split.hpp>
#include <filesystem>
#include <regex>
#include <set>

#include "harness/core/lookup.hpp"
#include "harness/measure/cpu_distance.hpp"
#include "harness/record/field_json.hpp"
#include "harness/record/fields.hpp"
#include "harness/record/run_writer.hpp"
#include "harness/text/input_error.hpp"

namespace pktbench {

namespace {

constexpr double kNoIdleTime = 0.99;  // share of the window that a CPU of the DUT's worked

using Keys = std::map<std::string, std::set<std::string>>;  // by what holds them

const std::string kBusyKey = "busy_cycles_per_packet";
const std::string kTrial = "/cases/#/trials/#";

// What a comparison relies on; "#" is each of a list.
const Keys kNeeded = {
    {"", {"run", "environment", "cases"}},
    {"/run", {"id", "host", "started_at", "tool_version", "git_commit", "interrupted"}},
    {"/cases", {"#"}},
    {"/cases/#",
     {"id", "backend", "backend_options", "workload", "testbed", "generator", "flows",
      "generator_batch", "frame_size", "arrangement", "queues", "rate_pps", "virtual", "mode",
      "status", "reason", "limiter", "trials"}},
    {"/cases/#/mode", {"effective"}},
    {"/cases/#/trials", {"#"}},
    {kTrial, {"round", "status", "mpps", "cycles_per_packet", "cycles_source"}}};

// The same where it is there.
const Keys kUsed = {{"/cases/#", {"dut_idle", "comparable", "rounds_planned", "metrics"}},
                    {kTrial, {"started_at", "restart", "limiter", "busy_cycles_per_packet"}},
                    {kTrial + "/offered", {"pps"}},
                    {kTrial + "/evidence", {"dut_busy"}},
                    {kTrial + "/condition", {"cpu_distance_ns", "idle", "cpu_mhz"}}};

// What else is looked at, and may be anything.
const Keys kLookedAt = {{"", {"schema", "scenario", "ports", "fingerprint"}},
                        {"/environment", {"before"}},
                        {"/environment/before", {"cpu", "kernel", "versions", "nics", "emulator"}},
                        {"/scenario", {"name", "testbed", "method"}},
                        {"/cases/#",
                         {"testbed_label", "telemetry", "workload_options", "generator_options",
                          "frame_mix", "ip", "condition"}},
                        {kTrial, {"offered", "evidence", "condition", "disturbance", "missing"}},
                        {kTrial + "/missing", {kBusyKey}},
                        {kTrial + "/disturbance", {measure::kCpuDistance}}};

// `at` is below `above`.
bool is_used(const std::string& above, const Json::json_pointer& at, bool absent) {
  if (at.empty()) return true;
  static const std::regex kNumber("/[0-9]+(?=/|$)");
  const std::string place = above + std::regex_replace(at.to_string(), kNumber, "/#");
  const std::size_t slash = place.rfind('/');
  const std::string holder = place.substr(0, slash);
  const auto has = [&](const Keys& keys) {
    const auto* names = find_in(keys, holder);
    return names && names->contains(place.substr(slash + 1));
  };
  return has(kNeeded) || (!absent && (has(kUsed) || holder == "/cases/#/comparable"));
}

JsonParts& part_at(JsonParts& parts, const std::string& place) {
  std::vector<std::string> keys;
  boost::algorithm::split(keys, place, [](char c) { return c == '/'; });
  JsonParts* at = &parts;
  for (std::size_t i = 1; i < keys.size(); ++i) at = &at->below[keys[i]];
  return *at;
}

// Taken out of a run as they come, so that no more than one is there as JSON.
class Trials {
 public:
  void take(const Json& json, const Json::json_pointer& at) {
    TrialRecord trial;
    Faults faults{[](const auto& below, bool absent) { return is_used(kTrial, below, absent); }};
    read_fields(trial_fields(), &trial, json, Json::json_pointer(), faults);
    if (!faults.first.empty() && fault.empty()) fault = at.to_string() + faults.first;
    const std::size_t number = std::stoul(at.parent_pointer().parent_pointer().back());
    if (number >= by_case.size()) by_case.resize(number + 1);
    by_case[number].push_back(compared(std::move(trial)));
  }

  std::vector<std::vector<RecordedTrial>> by_case;
  std::string fault;  // the first

 private:
  static RecordedTrial compared(TrialRecord trial) {
    const double* busy = find_in(trial.evidence, "dut_busy");
    const bool spins = busy && *busy >= kNoIdleTime && trial.limiter != Limiter::dut;
    RecordedTrial made{trial.round,
                       trial.restart,
                       trial.status,
                       trial.limiter,
                       spins,
                       trial.mpps,
                       trial.cycles_per_packet,
                       trial.busy_cycles_per_packet,
                       trial.busy_cycles_per_packet.has_value(),
                       trial.offered_pps,
                       std::move(trial.cycles_source),
                       std::move(trial.started_at),
                       std::move(trial.condition)};
    if (!made.tells_polls && !spins && trial.missing.contains(kBusyKey))
      made.busy_cycles_per_packet = trial.cycles_per_packet;
    if (!made.condition.cpu_distance_ns) made.condition.cpu_distance_ns = older_distance(trial);
    return made;
  }

  // An older run has the readings alone.
  static std::optional<double> older_distance(const TrialRecord& trial) {
    const auto* found = find_in(trial.disturbance, measure::kCpuDistance);
    if (!found || !*found) return std::nullopt;
    const double* before = find_in((*found)->evidence, "before_ns");
    const double* after = find_in((*found)->evidence, "after_ns");
    return before && after ? std::optional((*before + *after) / 2) : std::nullopt;
  }
};

JsonParts compared_parts(Trials& trials) {
  JsonParts made;
  for (const Keys* keys : {&kNeeded, &kUsed, &kLookedAt})
    for (const auto& [above, names] : *keys)
      for (const std::string& name : names) part_at(made, above + "/" + name);
  part_at(made, kTrial).take = [&trials](const Json& json, const Json::json_pointer& at) {
    trials.take(json, at);
  };
  return made;
}

RecordedCase recorded_case(const CaseDocument& document, std::vector<RecordedTrial>&& trials,
                           const Json& run, const Json& one) {
  const CaseResult& result = document.result;
  RecordedCase made;
  made.id = result.spec.id;
  made.status = result.status;
  made.reason = result.reason;
  made.limiter = result.limiter;
  made.rounds_planned = result.rounds_planned;
  for (const Metric& metric : result.metrics) {
    made.metrics.push_back({metric.name, metric.unit, metric.higher_is_better, {}});
    made.metrics.back().by_round.reserve(metric.by_round.size());
    for (const auto& [round, value] : metric.by_round)
      made.metrics.back().by_round.emplace_back(std::atoi(round.c_str()), value);
  }
  made.condition = result.condition;
  made.trials = std::move(trials);
  made.comparable = comparable_of(run, one);
  for (const char* key :
       {"backend", "backend_options", "workload", "queues", "testbed_label", "telemetry"})
    made.subject[key] = text_of(part(one, key));
  const Json& ports = part(one, "workload_options");
  made.subject["workload_options"] = ports.empty() ? "none" : text_of(ports);
  made.subject["mode"] = text_of(part(part(one, "mode"), "effective"));
  // An older run has it once a case.
  for (RecordedTrial& trial : made.trials)
    if (trial.condition.idle.empty()) trial.condition.idle = document.testbed.dut_idle;
  return made;
}

// What differs between two hosts that should be the same; a part that is not there is not known.
std::map<std::string, std::string> environment_of(const Json& before) {
  std::map<std::string, std::string> made;
  const auto take = [&](const char* name, const char* section, const char* key) {
    const Json& found = part(part(before, section), key);
    if (!found.is_null()) made[name] = printable(text_of(found), 200);
  };
  take("CPU", "cpu", "model");
  take("number of CPUs", "cpu", "count");
  take("CPU governor", "cpu", "governor");
  take("SMT", "cpu", "smt");
  take("kernel", "kernel", "release");
  take("kernel version", "kernel", "version");
  take("kernel command line", "kernel", "cmdline");
  for (const char* library : {"libbpf", "libxdp", "dpdk", "clang", "compiler"})
    take(library, "versions", library);
  return made;
}

std::string scenario_name(const Json& json) {
  const Json& name = part(part(json, "scenario"), "name");
  return name.is_string() ? name.get<std::string>() : "";
}

std::optional<Fingerprint> fingerprint_in(const Json& json) {
  const auto read = read_record(fingerprint_fields(), part(json, "fingerprint"));
  return read ? std::optional(*read) : std::nullopt;
}

Result<RecordedRun> recorded_run(const Json& json, Trials&& trials, const std::string& where) {
  auto read =
      run_from_json(json, [](const auto& at, bool absent) { return is_used("", at, absent); });
  if (!read) return input_error(where, "", read.error().message);
  if (!trials.fault.empty()) return input_error(where, "", trials.fault);
  RecordedRun made{
      {where, read->head.id, read->head.host, read->head.started_at, scenario_name(json),
       read->head.tool_version, read->head.git_commit, read->head.interrupted,
       environment_of(read->head.environment_before), fingerprint_in(json)},
      {}};
  std::set<std::string> ids;
  const Json& cases = json["cases"];
  trials.by_case.resize(cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    made.cases.push_back(
        recorded_case(read->cases[i], std::move(trials.by_case[i]), json, cases[i]));
    const std::string& id = made.cases.back().id;
    if (!ids.insert(id).second)
      return input_error(where, fmt::format("/cases/{}/id", i),
                         "is the id of an earlier case, " + in_quotes(id));
  }
  return made;
}

}  // namespace

Result<RecordedRun> parse_recorded_run(const std::string& text, const std::string& where) {
  Trials trials;
  const auto json = parse_json(text, where, kRunLimits, compared_parts(trials));
  if (!json) return json.error();
  return recorded_run(*json, std::move(trials), where);
}

Result<RecordedRun> read_recorded_run(const std::string& path) {
  std::error_code ignored;
  const bool directory = std::filesystem::is_directory(path, ignored);
  const std::string file = directory ? (std::filesystem::path(path) / kRunFileName).string() : path;
  Trials trials;
  const auto json = read_json_file(file, kRunLimits, compared_parts(trials));
  if (!json) {
    if (directory && !std::filesystem::exists(file, ignored))
      return input_error(
          path, "",
          fmt::format("no {} in this directory; name a directory that pktbench run made",
                      kRunFileName));
    return json.error();
  }
  return recorded_run(*json, std::move(trials), file);
}

}  // namespace pktbench
