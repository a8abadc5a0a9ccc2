#include <limits>

#include "harness/record/json.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Reads the values of one object and remembers the first one at fault, so that a caller reads all
// of them and asks once.
class Reader {
 public:
  Reader(const Json& json, Json::json_pointer at, std::string& fault)
      : json_(json), at_(std::move(at)), fault_(fault) {
    if (!json.is_object()) fail("", "is no object");
  }

  std::string text(const std::string& key) {
    const Json* v = find(key);
    if (!v) return {};
    if (v->is_null()) return {};
    if (v->is_string()) return v->get<std::string>();
    fail(key, "is no text");
    return {};
  }

  std::optional<double> number(const std::string& key, const Bounds& bounds = kMeasure) {
    const Json* v = find(key);
    if (!v || v->is_null()) return std::nullopt;
    if (const auto number = number_of(*v, bounds)) return number;
    fail(key, v->is_number() ? "must be " + range_text(bounds) : "is no number");
    return std::nullopt;
  }

  bool flag(const std::string& key) {
    const Json* v = find(key);
    if (!v || v->is_null()) return false;
    if (v->is_boolean()) return v->get<bool>();
    fail(key, "is no true or false");
    return false;
  }

  std::int64_t integer(const std::string& key) {
    const Json* v = find(key);
    if (!v || v->is_null()) return 0;
    if (const auto integer = integer_of(*v)) return *integer;
    fail(key, "is no integer");
    return 0;
  }

  std::uint64_t count(const std::string& key,
                      std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) {
    const Json* v = find(key);
    if (!v || v->is_null()) return 0;
    if (const auto count = count_of(*v, max)) return *count;
    fail(key, "is no count");
    return 0;
  }

  // Of rounds, CPUs and so on.
  int small_count(const std::string& key) {
    return static_cast<int>(count(key, std::numeric_limits<int>::max()));
  }

  std::vector<std::uint64_t> counts(const std::string& key) {
    std::vector<std::uint64_t> made;
    const Json* v = find(key);
    if (!v || v->is_null()) return made;
    if (!v->is_array()) fail(key, "is no list");
    for (const Json& item : *v) {
      const auto count = count_of(item);
      if (!count) {
        fail(key, "has an item that is no count");
        break;
      }
      made.push_back(*count);
    }
    return made;
  }

  std::vector<std::string> texts(const std::string& key) {
    std::vector<std::string> made;
    const Json* v = find(key);
    if (!v) return made;
    if (!v->is_array()) {
      fail(key, "is no list");
      return made;
    }
    for (const Json& item : *v) {
      if (!item.is_string()) {
        fail(key, "has an item that is no text");
        break;
      }
      made.push_back(item.get<std::string>());
    }
    return made;
  }

  bool is_null(const std::string& key) {
    const Json* v = find(key);
    return v && v->is_null();
  }

  template <class E, std::size_t N>
  E one_of(const std::string& key, const E (&choices)[N]) {
    const std::string word = text(key);
    for (const E e : choices)
      if (word == to_string(e)) return e;
    fail(key, "is none of the known words: \"" + word + "\"");
    return choices[0];
  }

  Reader below(const std::string& key) {
    static const Json kEmpty = Json::object();
    const Json* v = find(key);
    return {v ? *v : kEmpty, full(key), fault_};
  }

  template <class F>
  void each(F&& read) {
    if (!json_.is_object()) return;
    for (const auto& [key, value] : json_.items()) read(key);
  }

  // Calls read(Reader) for every object of a list.
  template <class F>
  void list(const std::string& key, F&& read) {
    const Json* v = find(key);
    if (!v) return;
    if (!v->is_array()) return fail(key, "is no list");
    std::size_t i = 0;
    for (const Json& item : *v) read(Reader(item, full(key) / i++, fault_));
  }

  // For keys that only some trials have.
  bool has(const std::string& key) const { return json_.is_object() && json_.contains(key); }

  void fail(const std::string& key, const std::string& what) {
    if (fault_.empty()) fault_ = full(key).to_string() + ": " + what;
  }

 private:
  const Json* find(const std::string& key) {
    if (!json_.is_object()) return nullptr;
    const auto found = json_.find(key);
    if (found != json_.end()) return &*found;
    fail(key, "is not there");
    return nullptr;
  }

  // An empty key is the object itself.
  Json::json_pointer full(const std::string& key) const { return key.empty() ? at_ : at_ / key; }

  const Json& json_;
  Json::json_pointer at_;
  std::string& fault_;
};

std::map<std::string, std::string> read_texts(Reader reader) {
  std::map<std::string, std::string> made;
  reader.each([&](const std::string& key) { made[key] = reader.text(key); });
  return made;
}

EffectiveMode read_mode(Reader reader) {
  EffectiveMode mode;
  mode.requested = reader.text("requested");
  mode.effective = reader.text("effective");
  mode.details = read_texts(reader.below("details"));
  return mode;
}

CpuUsage read_cpu(Reader reader) {
  CpuUsage usage;
  usage.cpu = reader.small_count("cpu");
  usage.role = reader.text("role");
  usage.busy = reader.number("busy").value_or(kNaN);
  usage.user = reader.number("user");
  usage.system = reader.number("system");
  usage.softirq = reader.number("softirq").value_or(kNaN);
  usage.steal = reader.number("steal");
  Reader classes = reader.below("classes");
  for (std::size_t i = 0; i < kCpuClasses; ++i)
    usage.classes[i] = classes.number(kCpuClassNames[i]).value_or(kNaN);
  return usage;
}

void read_counts(Reader offered, Reader received, Reader drops, TrialRecord& trial) {
  trial.offered = {offered.count("packets"), offered.count("bytes"), offered.count("unsent"),
                   offered.count("refused")};
  trial.offered_pps = offered.number("pps");
  trial.target_pps = offered.number("target_pps");
  trial.received.packets = received.count("packets");
  trial.received.bytes = received.count("bytes");
  trial.received.foreign = received.count("foreign");
  trial.received.per_queue = received.counts("per_queue");
  Reader details = received.below("details");
  details.each([&](const std::string& outcome) {
    trial.received.details[outcome] = details.count(outcome);
  });
  trial.received_pps = received.number("pps");
  drops.each([&](const std::string& place) { trial.drops[place] = drops.count(place); });
}

ReturnRecord read_returned(Reader reader) {
  ReturnRecord returned;
  returned.sent_back = reader.count("sent_back");
  returned.packets = reader.count("packets");
  returned.strays = reader.count("strays");
  Reader drops = reader.below("drops");
  drops.each([&](const std::string& place) { returned.drops[place] = drops.count(place); });
  returned.unaccounted = reader.integer("unaccounted");
  return returned;
}

}  // namespace

Result<TrialRecord> trial_from_json(const Json& json) {
  std::string fault;
  Reader reader(json, Json::json_pointer(), fault);
  TrialRecord trial;
  trial.index = reader.small_count("index");
  trial.round = reader.small_count("round");
  trial.order = reader.small_count("order");
  trial.started_at = reader.text("started_at");
  trial.status =
      reader.one_of("status", {TrialStatus::ok, TrialStatus::invalid, TrialStatus::failed});
  trial.reason = reader.text("reason");
  trial.disturbed = reader.flag("disturbed");
  // Older records have neither of these.
  if (reader.has("disturbed_by"))
    for (std::string& by : reader.texts("disturbed_by")) trial.disturbed_by.insert(std::move(by));
  trial.conserved =
      reader.has("conserved") ? reader.flag("conserved") : trial.status == TrialStatus::ok;
  if (reader.has("condition")) {
    Reader condition = reader.below("condition");
    trial.condition = {.cpu_distance_ns = condition.number("cpu_distance_ns"),
                       .idle = condition.text("idle"),
                       .cpu_mhz = condition.number("cpu_mhz")};
  }
  trial.warmup_s = reader.number("warmup_s").value_or(kNaN);
  trial.duration_s = reader.number("duration_s").value_or(kNaN);
  trial.drain_s = reader.number("drain_s").value_or(kNaN);
  read_counts(reader.below("offered"), reader.below("received"), reader.below("drops"), trial);
  trial.unaccounted = reader.integer("unaccounted");
  if (reader.has("returned")) trial.returned = read_returned(reader.below("returned"));
  trial.loss_ratio = reader.number("loss_ratio", kFraction);
  trial.mpps = reader.number("mpps");
  trial.ns_per_packet = reader.number("ns_per_packet");
  trial.cycles_per_packet = reader.number("cycles_per_packet");
  trial.cycles_source = reader.text("cycles_source");
  trial.limiter =
      reader.one_of("limiter", {Limiter::dut, Limiter::generator, Limiter::link, Limiter::unknown});
  if (reader.has("line_rate_pps")) trial.line_rate_pps = reader.number("line_rate_pps");
  Reader evidence = reader.below("evidence");
  evidence.each([&](const std::string& key) {
    if (key == "dut_limited_by")
      trial.dut_limited_by = evidence.text(key);
    else
      trial.evidence[key] = evidence.number(key, kRecordable).value_or(kNaN);
  });
  reader.list("cpus", [&](Reader cpu) { trial.cpus.push_back(read_cpu(std::move(cpu))); });
  Reader disturbance = reader.below("disturbance");
  disturbance.each([&](const std::string& source) {
    trial.disturbance[source] = std::nullopt;
    if (disturbance.is_null(source)) return;
    Reader entry = disturbance.below(source);
    DisturbanceFinding finding;
    Reader values = entry.below("evidence");
    values.each([&](const std::string& key) {
      finding.evidence[key] = values.number(key, kRecordable).value_or(kNaN);
    });
    finding.reasons = entry.texts("reasons");
    trial.disturbance[source] = std::move(finding);
  });
  trial.mode = read_mode(reader.below("mode"));
  if (json.is_object() && json.contains("bpf_run_time")) {
    trial.bpf_stats = true;
    Reader time = reader.below("bpf_run_time");
    if (time.number("runs")) trial.bpf_run_time = {time.count("runs"), time.count("ns")};
  }
  trial.missing = read_texts(reader.below("missing"));
  if (!fault.empty()) return make_error(ErrorCode::invalid_input, fault);
  return trial;
}

Result<EffectiveMode> mode_from_json(const Json& json) {
  std::string fault;
  EffectiveMode mode = read_mode(Reader(json, Json::json_pointer(), fault));
  if (!fault.empty()) return make_error(ErrorCode::invalid_input, fault);
  return mode;
}

}  // namespace pktbench
