#include "harness/compare/recorded_run.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>

#include "harness/record/run_writer.hpp"
#include "harness/sys/json_file.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/record_number.hpp"

namespace pktbench {

namespace {

constexpr const char* kSchema = "pktbench-run/1";
constexpr double kNoIdleTime = 0.99;  // share of the window that a CPU of the DUT's worked

// A value and where it stands. Reading goes on after a fault with an empty value; the first fault
// is kept, so that a caller reads everything and asks once.
class Value {
 public:
  struct Fault {
    std::string pointer;
    std::string problem;
  };

  Value(const Json* json, Json::json_pointer at, std::optional<Fault>& fault)
      : json_(json), at_(std::move(at)), fault_(&fault) {}

  Value operator[](const char* key) const {
    if (json_ && !json_->is_object()) fail("is no object");
    const bool has = json_ && json_->is_object() && json_->contains(key);
    Value made(has ? &(*json_)[key] : nullptr, at_ / key, *fault_);
    if (!has) made.fail("is missing");
    return made;
  }

  // Null where the key is not there.
  Value optional(const char* key) const {
    static const Json kNull;
    if (json_ && json_->is_object() && !json_->contains(key)) return {&kNull, at_ / key, *fault_};
    return (*this)[key];
  }

  std::string text() const {
    if (json_ && json_->is_string()) return json_->get<std::string>();
    fail("must be a string");
    return {};
  }
  std::string text_or_null() const { return is_null() ? std::string() : text(); }

  bool flag() const {
    if (json_ && json_->is_boolean()) return json_->get<bool>();
    fail("must be true or false");
    return false;
  }

  int count(std::uint64_t min = 0) const {
    const auto found = json_ ? count_of(*json_, std::numeric_limits<int>::max()) : std::nullopt;
    if (found && *found >= min) return static_cast<int>(*found);
    fail(min == 0 ? "must be a count" : "must be a count of at least " + std::to_string(min));
    return 0;
  }

  std::optional<double> measure_or_null(const Bounds& bounds = kMeasure) const {
    if (is_null()) return std::nullopt;
    const auto found = json_ ? number_of(*json_, bounds) : std::nullopt;
    if (!found) fail("must be a number, " + range_text(bounds) + ", or null");
    return found;
  }

  // Of an object that may be null.
  void each_text() const {
    if (is_null()) return;
    if (!is_object()) return fail("must be an object");
    for (const auto& [key, value] : json_->items()) (*this)[key.c_str()].text();
  }

  // Whatever it is, in one line; "none" for null.
  std::string any() const { return !json_ || is_null() ? "none" : plain(*json_); }

  template <class F>
  void each(F&& read) const {
    if (!json_ || !json_->is_array()) return fail("must be a list");
    for (std::size_t i = 0; i < json_->size(); ++i) read(Value(&(*json_)[i], at_ / i, *fault_));
  }

  void fail(const std::string& problem) const {
    if (!*fault_) *fault_ = Fault{at_.to_string(), problem};
  }

  bool is_empty() const { return !json_ || json_->empty(); }
  bool is_null() const { return json_ && json_->is_null(); }
  bool is_object() const { return json_ && json_->is_object(); }
  const Json& json() const { return *json_; }  // REQUIRES: is_object()

 private:
  static std::string plain(const Json& json) {
    if (json.is_string()) return printable(json.get<std::string>(), 200);
    return printable(json.dump(-1, ' ', false, Json::error_handler_t::replace), 200);
  }

  const Json* json_;  // null: not there
  Json::json_pointer at_;
  std::optional<Fault>* fault_;
};

Limiter read_limiter(const Value& value) {
  const std::string word = value.text();
  for (const Limiter l : {Limiter::dut, Limiter::generator, Limiter::link, Limiter::unknown})
    if (word == to_string(l)) return l;
  value.fail("must be dut, generator, link or unknown, and is " + in_quotes(word));
  return Limiter::unknown;
}

Condition read_condition(const Value& trial) {
  Condition made;
  if (const Value condition = trial.optional("condition"); condition.is_object()) {
    made.cpu_distance_ns = condition["cpu_distance_ns"].measure_or_null();
    made.idle = condition["idle"].text_or_null();
    made.cpu_mhz = condition["cpu_mhz"].measure_or_null();
    return made;
  }
  // An older run has the readings alone.
  const Value disturbance = trial.optional("disturbance");
  if (!disturbance.is_object()) return made;
  const Value distance = disturbance.optional("cpu_distance");
  if (!distance.is_object()) return made;
  const auto before = distance["evidence"]["before_ns"].measure_or_null();
  const auto after = distance["evidence"]["after_ns"].measure_or_null();
  if (before && after) made.cpu_distance_ns = (*before + *after) / 2;
  return made;
}

RecordedTrial read_trial(const Value& value) {
  RecordedTrial made;
  made.round = value["round"].count();
  made.ok = value["status"].text() == to_string(TrialStatus::ok);
  made.mpps = value["mpps"].measure_or_null();
  made.cycles_per_packet = value["cycles_per_packet"].measure_or_null();
  made.cycles_source = value["cycles_source"].text_or_null();
  made.started_at = value.optional("started_at").text_or_null();
  if (const Value offered = value.optional("offered"); offered.is_object())
    made.offered_pps = offered.optional("pps").measure_or_null();
  if (const Value evidence = value.optional("evidence"); evidence.is_object())
    made.spins =
        evidence.optional("dut_busy").measure_or_null(kRecordable).value_or(0) >= kNoIdleTime &&
        read_limiter(value["limiter"]) != Limiter::dut;
  made.condition = read_condition(value);
  return made;
}

RecordedCase read_case(const Value& value, const Json& run) {
  RecordedCase made;
  made.id = value["id"].text();
  made.status = value["status"].text();
  made.reason = value["reason"].text_or_null();
  made.limiter = read_limiter(value["limiter"]);
  value["frame_size"].count(64);
  for (const char* key : {"flows", "queues"}) value[key].count(1);
  if (!value["generator_batch"].is_null()) value["generator_batch"].count(1);
  value["rate_pps"].measure_or_null();
  for (const char* key : {"testbed", "arrangement", "generator", "virtual"}) (void)value[key];
  value.optional("comparable").each_text();
  if (value.is_object()) made.comparable = comparable_of(run, value.json());
  for (const char* key : {"backend", "backend_options", "workload", "queues"})
    made.subject[key] = value[key].any();
  made.subject["testbed_label"] = value.optional("testbed_label").any();
  made.subject["telemetry"] = value.optional("telemetry").any();  // older runs: always there
  const Value ports = value.optional("workload_options");
  made.subject["workload_options"] = ports.is_empty() ? "none" : ports.any();
  made.subject["mode"] = value["mode"]["effective"].any();
  const std::string idle = value.optional("dut_idle").text_or_null();
  value["trials"].each([&](const Value& trial) {
    made.trials.push_back(read_trial(trial));
    if (made.trials.back().condition.idle.empty()) made.trials.back().condition.idle = idle;
  });
  return made;
}

// What differs between two hosts that should be the same; a part that is not there is not known.
std::map<std::string, std::string> read_environment(const Value& before) {
  std::map<std::string, std::string> made;
  const auto take = [&](const char* name, const char* section, const char* key) {
    const Value part = before.optional(section);
    if (!part.is_object()) return;
    const Value found = part.optional(key);
    if (!found.is_null()) made[name] = found.any();
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

Result<RecordedRun> recorded_run(const Json& json, const std::string& where) {
  std::optional<Value::Fault> fault;
  const Value root(&json, Json::json_pointer(), fault);
  RecordedRun made;
  made.path = where;
  const Value schema = root["schema"];
  if (const std::string name = schema.text(); name != kSchema)
    schema.fail("must be \"" + std::string(kSchema) + "\", and is " + in_quotes(name) +
                ": is this a run.json of pktbench?");
  const Value run = root["run"];
  made.id = run["id"].text();
  made.host = run["host"].text();
  made.started_at = run["started_at"].text();
  made.tool_version = run["tool_version"].text();
  made.git_commit = run["git_commit"].text_or_null();
  made.interrupted = run["interrupted"].flag();
  made.environment = read_environment(root["environment"]["before"]);
  std::set<std::string> ids;
  root["cases"].each([&](const Value& value) {
    made.cases.push_back(read_case(value, json));
    RecordedCase& last = made.cases.back();
    if (!ids.insert(last.id).second)
      value["id"].fail("is the id of an earlier case, " + in_quotes(last.id));
  });
  if (fault) return input_error(where, fault->pointer, fault->problem);
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
