#include "harness/compare/recorded_run.hpp"

#include <filesystem>
#include <set>

#include "harness/measure/cpu_distance.hpp"
#include "harness/record/run_writer.hpp"
#include "harness/text/input_error.hpp"

namespace pktbench {

namespace {

constexpr double kNoIdleTime = 0.99;  // share of the window that a CPU of the DUT's worked

using Keys = std::map<std::string, std::set<std::string>>;  // by what holds them

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
    {"/cases/#/trials/#", {"round", "status", "mpps", "cycles_per_packet", "cycles_source"}}};

// The same where it is there.
const Keys kUsed = {{"/cases/#", {"dut_idle", "comparable", "rounds_planned"}},
                    {"/cases/#/trials/#", {"started_at", "limiter"}},
                    {"/cases/#/trials/#/offered", {"pps"}},
                    {"/cases/#/trials/#/evidence", {"dut_busy"}},
                    {"/cases/#/trials/#/condition", {"cpu_distance_ns", "idle", "cpu_mhz"}}};

bool is_used(const Json::json_pointer& at, bool absent) {
  std::string above;
  std::string last;
  for (auto rest = at; !rest.empty(); rest.pop_back()) {
    const bool number = rest.back().find_first_not_of("0123456789") == std::string::npos;
    const std::string key = number ? "#" : rest.back();
    last.empty() ? last = key : above.insert(0, "/" + key);
  }
  const auto has = [&](const Keys& keys) {
    const auto found = keys.find(above);
    return found != keys.end() && found->second.count(last);
  };
  return has(kNeeded) || (!absent && (has(kUsed) || above == "/cases/#/comparable"));
}

// An older run has the readings alone, and how CPUs idle once a case.
void complete(Condition& condition, const TrialRecord& trial, const TestbedFacts& facts) {
  if (condition.idle.empty()) condition.idle = facts.dut_idle;
  const auto source = trial.disturbance.find(measure::kCpuDistance);
  if (condition.cpu_distance_ns || source == trial.disturbance.end() || !source->second) return;
  const auto& evidence = source->second->evidence;
  const auto before = evidence.find("before_ns");
  const auto after = evidence.find("after_ns");
  if (before != evidence.end() && after != evidence.end())
    condition.cpu_distance_ns = (before->second + after->second) / 2;
}

RecordedCase recorded_case(CaseDocument&& document, const Json& run, const Json& one) {
  RecordedCase made{std::move(document.result), comparable_of(run, one), {}};
  for (const char* key :
       {"backend", "backend_options", "workload", "queues", "testbed_label", "telemetry"})
    made.subject[key] = text_of(part(one, key));
  const Json& ports = part(one, "workload_options");
  made.subject["workload_options"] = ports.empty() ? "none" : text_of(ports);
  made.subject["mode"] = text_of(part(part(one, "mode"), "effective"));
  for (TrialRecord& trial : made.trials) complete(trial.condition, trial, document.testbed);
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

}  // namespace

bool spins(const TrialRecord& trial) {
  const auto busy = trial.evidence.find("dut_busy");
  return busy != trial.evidence.end() && busy->second >= kNoIdleTime &&
         trial.limiter != Limiter::dut;
}

Result<RecordedRun> recorded_run(const Json& json, const std::string& where) {
  auto read = run_from_json(json, is_used);
  if (!read) return input_error(where, "", read.error().message);
  RecordedRun made{where,
                   read->head.id,
                   read->head.host,
                   read->head.started_at,
                   read->head.tool_version,
                   read->head.git_commit,
                   read->head.interrupted,
                   environment_of(read->head.environment_before),
                   {}};
  std::set<std::string> ids;
  const Json& cases = json["cases"];
  for (std::size_t i = 0; i < read->cases.size(); ++i) {
    made.cases.push_back(recorded_case(std::move(read->cases[i]), json, cases[i]));
    const std::string& id = made.cases.back().spec.id;
    if (!ids.insert(id).second)
      return input_error(where, "/cases/" + std::to_string(i) + "/id",
                         "is the id of an earlier case, " + in_quotes(id));
  }
  return made;
}

Result<RecordedRun> parse_recorded_run(const std::string& text, const std::string& where) {
  const auto json = parse_json(text, where, kRunLimits);
  if (!json) return json.error();
  return recorded_run(*json, where);
}

Result<RecordedRun> read_recorded_run(const std::string& path) {
  std::error_code ignored;
  const bool directory = std::filesystem::is_directory(path, ignored);
  const std::string file = directory ? (std::filesystem::path(path) / kRunFileName).string() : path;
  const auto json = read_json_file(file, kRunLimits);
  if (!json) {
    if (directory && !std::filesystem::exists(file, ignored))
      return input_error(path, "",
                         "no " + std::string(kRunFileName) +
                             " in this directory; name a directory that pktbench run made");
    return json.error();
  }
  return recorded_run(*json, file);
}

}  // namespace pktbench
