#include <algorithm>
#include <map>
#include <string>
#include <variant>

#include "harness/measure/conditions.hpp"
#include "harness/method/case_summary.hpp"
#include "harness/record/json.hpp"
#include "harness/text/clean_text.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

namespace {

constexpr const char* kNotMeasured = "the trial ended before this was measured";
constexpr const char* kNoReason = "no reason was recorded";

// Null exactly when `ok`: whatever is not ok has a reason, even where nobody gave one.
Json reason_json(bool ok, const std::string& reason) {
  if (ok) return nullptr;
  return reason.empty() ? kNoReason : reason;
}

template <class Map>
Json map_json(const Map& map) {
  Json made = Json::object();
  for (const auto& [key, value] : map) made[key] = value;
  return made;
}

// A count that nobody took is not 0.
void count(Section& section, const char* key, std::uint64_t value, bool measured) {
  if (measured)
    section.set(key, Json(value));
  else
    section.null(key, kNotMeasured);
}

Json offered_json(const TrialRecord& trial, Section section, bool measured) {
  count(section, "packets", trial.offered.packets, measured);
  count(section, "bytes", trial.offered.bytes, measured);
  section.number("pps", trial.offered_pps, kNotMeasured);
  if (trial.target_pps)
    section.number("target_pps", trial.target_pps);
  else
    section.set("target_pps", nullptr);  // nothing is missing: as fast as possible
  count(section, "unsent", trial.offered.unsent, measured);
  count(section, "refused", trial.offered.refused, measured);
  return section.take();
}

Json received_json(const TrialRecord& trial, Section section, bool measured) {
  count(section, "packets", trial.received.packets, measured);
  count(section, "bytes", trial.received.bytes, measured);
  section.number("pps", trial.received_pps, kNotMeasured);
  count(section, "foreign", trial.received.foreign, measured);
  if (trial.received.per_queue.empty())
    section.null("per_queue", measured ? "the backend does not count by queue" : kNotMeasured);
  else
    section.set("per_queue", Json(trial.received.per_queue));
  section.set("details", map_json(trial.received.details));
  return section.take();
}

Json returned_json(const ReturnRecord& returned) {
  return Json({{"sent_back", returned.sent_back},
               {"packets", returned.packets},
               {"strays", returned.strays},
               {"drops", map_json(returned.drops)},
               {"unaccounted", returned.unaccounted}});
}

Json cpu_json(const CpuUsage& usage, Section section) {
  section.set("cpu", Json(usage.cpu));
  section.set("role", Json(usage.role));
  section.number("busy", usage.busy);
  section.number("user", usage.user);
  section.number("system", usage.system);
  section.number("softirq", usage.softirq);
  section.number("steal", usage.steal);
  section.number("idle", usage.classes[static_cast<std::size_t>(CpuClass::idle)]);
  Section classes = section.below("classes");
  for (std::size_t i = 0; i < kCpuClasses; ++i) classes.number(kCpuClassNames[i], usage.classes[i]);
  section.set("classes", classes.take());
  return section.take();
}

Json cpus_json(const TrialRecord& trial, const Section& parent) {
  Json made = Json::array();
  const Section list = parent.below("cpus");
  for (const CpuUsage& usage : trial.cpus)
    made.push_back(cpu_json(usage, list.below(std::to_string(made.size()))));
  return made;
}

Json condition_json(const Condition& condition, Section section) {
  section.number("cpu_distance_ns", condition.cpu_distance_ns, "it was not read");
  section.text("idle", condition.idle, "the testbed does not see to it");
  section.number("cpu_mhz", condition.cpu_mhz, "the kernel does not tell it");
  return section.take();
}

// Of a case: what its summary was measured in, and how many trials are left out for another.
Json condition_json(const CaseResult& result) {
  if (std::none_of(result.trials.begin(), result.trials.end(),
                   [](const auto& t) { return in_summary(t); }))
    return nullptr;
  const Condition& c = result.condition;
  Json made = Json::object();
  made["words"] = text_or_null(in_words(c));
  made["cpu_distance_ns"] = number_or_null(c.cpu_distance_ns);
  made["idle"] = text_or_null(c.idle);
  made["cpu_mhz"] = number_or_null(c.cpu_mhz);
  made["trials"] = std::count_if(result.trials.begin(), result.trials.end(),
                                 [](const auto& t) { return in_summary(t); });
  made["other_trials"] = result.other_condition;
  return made;
}

Json disturbance_json(const TrialRecord& trial, Section section) {
  for (const auto& [source, finding] : trial.disturbance) {
    if (!finding) {
      section.null(source, kNoReason);
      continue;
    }
    Section entry = section.below(source);
    Section evidence = entry.below("evidence");
    for (const auto& [key, value] : finding->evidence) evidence.number(key, value);
    entry.set("evidence", evidence.take());
    entry.set("reasons", Json(finding->reasons));
    section.set(source, entry.take());
  }
  return section.take();
}

// Its key marks a trial that was made with the kernel's BPF statistics on.
Json bpf_run_time_json(const TrialRecord& trial, const Section& parent) {
  Section section = parent.below("bpf_run_time");
  const auto& time = trial.bpf_run_time;
  count(section, "runs", time ? time->runs : 0, time.has_value());
  count(section, "ns", time ? time->ns : 0, time.has_value());
  section.number("ns_per_run", ns_per_run(trial), time ? "the programs did not run" : kNotMeasured);
  return section.take();
}

// Null where the scenario did not ask for it.
Json bpf_run_time_json(const CaseResult& result) {
  if (!result.bpf_stats) return nullptr;
  const Summary summary = summarize_bpf(result);
  Json made = Json::object();
  made["ns_per_run"] = summary.n ? to_json(summary) : Json(nullptr);
  made["reason"] =
      reason_json(summary.n != 0, result.bpf_reason.empty() ? summary.reason : result.bpf_reason);
  made["trials"] = Json::array();
  for (const TrialRecord& trial : result.bpf_trials) made["trials"].push_back(to_json(trial));
  return made;
}

// Most records are, and a long one is not copied for nothing.
bool is_clean(const Json& json) {
  if (json.is_string()) return is_clean_text(json.get_ref<const std::string&>());
  if (!json.is_structured()) return true;
  for (auto item = json.begin(); item != json.end(); ++item)
    if ((json.is_object() && !is_clean_text(item.key())) || !is_clean(*item)) return false;
  return true;
}

}  // namespace

Json to_json(const Options& options) {
  Json made = Json::object();
  for (const auto& [name, value] : options)
    std::visit([&made, &key = name](const auto& v) { made[key] = v; }, value);
  return made;
}

Json to_json(const EffectiveMode& mode, const std::string& backend) {
  return Json({{"requested", mode.requested.empty() ? backend : mode.requested},
               {"effective", text_or_null(mode.effective)},
               {"details", map_json(mode.details)}});
}

Json to_json(const Summary& summary) {
  Json missing = Json::object();
  Section section("", missing);
  section.set("n", Json(summary.n));
  section.number("median", summary.median);
  section.number("mean", summary.mean);
  if (summary.ci95) {
    section.set("ci95", Json::array({summary.ci95->lo, summary.ci95->hi}));
    section.set("confidence", Json(summary.ci95->confidence));
    section.set("interval_method", Json(to_string(summary.ci95->method)));
  } else {
    section.null("ci95", summary.reason);
    section.null("confidence", summary.reason);
    section.null("interval_method", summary.reason);
  }
  section.number("cov", summary.cov);
  section.set("reason", reason_json(missing.empty(), summary.reason));
  return section.take();
}

Json to_json(const PortReport& port) {
  Json missing = Json::object();
  Section section("", missing);
  section.set("testbed_label", text_or_null(port.testbed_label));
  section.set("role", Json(port.role));
  section.set("interface", Json(port.interface));
  section.text("pci", port.pci, "the port is on no PCI bus");
  section.text("driver", port.driver, "the driver does not tell its name");
  section.text("why_virtual", port.why_virtual, "it is hardware");
  section.set("waived", Json(port.waived));
  section.number("link_bps", port.link_bps, port.link_unknown);
  Json settings = Json::array();
  for (const PortSetting& s : port.settings)
    settings.push_back({{"setting", s.setting},
                        {"wanted", s.wanted},
                        {"before", text_or_null(s.before)},
                        {"after", text_or_null(s.after)},
                        {"failed", text_or_null(s.failed)}});
  section.set("settings", std::move(settings));
  section.set("missing", missing);
  return section.take();
}

Json to_json(const TrialRecord& trial) {
  // Reasons that the runner gave come first; those made up here fill the gaps it left.
  Json missing = map_json(trial.missing);
  Section section("", missing);
  const bool windowless = trial.status == TrialStatus::invalid && !(trial.duration_s > 0);
  const bool cut_short = trial.status == TrialStatus::failed || windowless;
  const bool sent = !cut_short || trial.offered_pps;
  const bool got = !cut_short || trial.received_pps;
  const std::string gap = cut_short ? kNotMeasured : kNoReason;

  section.set("index", Json(trial.index));
  section.set("round", Json(trial.round));
  section.set("order", Json(trial.order));
  section.set("started_at", Json(trial.started_at));
  section.set("status", Json(to_string(trial.status)));
  section.set("reason", reason_json(trial.status == TrialStatus::ok, trial.reason));
  section.set("disturbed", Json(trial.disturbed));
  section.set("disturbed_by", Json(trial.disturbed_by));
  section.set("conserved", Json(trial.conserved));
  if (trial.in_summary) section.set("in_summary", Json(*trial.in_summary));
  section.set("condition", condition_json(trial.condition, section.below("condition")));
  section.number("warmup_s", trial.warmup_s);
  section.number("duration_s", trial.duration_s);
  section.number("drain_s", trial.drain_s);
  section.set("offered", offered_json(trial, section.below("offered"), sent));
  section.set("received", received_json(trial, section.below("received"), got));
  section.set("drops", map_json(trial.drops));
  if (sent && got)
    section.set("unaccounted", Json(trial.unaccounted));
  else
    section.null("unaccounted", kNotMeasured);
  if (trial.returned) section.set("returned", returned_json(*trial.returned));
  section.number("loss_ratio", trial.loss_ratio, gap);
  section.number("mpps", trial.mpps, gap);
  section.number("ns_per_packet", trial.ns_per_packet, gap);
  section.number("cycles_per_packet", trial.cycles_per_packet, gap);
  const bool cycles = trial.cycles_per_packet && inside(*trial.cycles_per_packet, kRecordable);
  section.text("cycles_source", cycles ? trial.cycles_source : "",
               "there are no cycles per packet");
  // Without a link there is nothing to be missed.
  if (trial.line_rate_pps || trial.missing.contains("line_rate_pps"))
    section.number("line_rate_pps", trial.line_rate_pps);
  section.set("limiter", Json(to_string(trial.limiter)));
  Section evidence = section.below("evidence");
  for (const auto& [key, value] : trial.evidence) evidence.number(key, value);
  if (!trial.dut_limited_by.empty()) evidence.set("dut_limited_by", Json(trial.dut_limited_by));
  section.set("evidence", evidence.take());
  section.set("cpus", cpus_json(trial, section));
  section.set("disturbance", disturbance_json(trial, section.below("disturbance")));
  Section mode = section.below("mode");
  mode.text("requested", trial.mode.requested, "the backend has no choice of mode");
  mode.text("effective", trial.mode.effective, "the backend never told its mode");
  mode.set("details", map_json(trial.mode.details));
  section.set("mode", mode.take());
  if (trial.bpf_stats) section.set("bpf_run_time", bpf_run_time_json(trial, section));
  section.set("missing", map_json(missing.get<std::map<std::string, std::string>>()));  // sorted
  return section.take();
}

Json to_json(const CaseResult& result, const TestbedFacts& facts) {
  const CaseSpec& spec = result.spec;
  Json made = Json::object();
  made["id"] = spec.id;
  made["backend"] = spec.backend;
  made["backend_options"] = to_json(spec.backend_options);
  made["label"] = text_or_null(spec.label);
  made["telemetry"] = spec.telemetry ? "full" : "none";
  made["workload"] = spec.workload;
  made["workload_options"] = Json::object();
  if (!spec.filter_ports.empty()) made["workload_options"]["udp_ports"] = spec.filter_ports;
  made["testbed"] = facts.testbed;
  made["testbed_label"] = text_or_null(spec.testbed_label);
  made["arrangement"] = text_or_null(facts.arrangement);
  made["dut_idle"] = text_or_null(facts.dut_idle);
  made["generator"] = spec.generator;
  made["generator_options"] = to_json(spec.generator_options);
  const auto batch = spec.generator_options.find("batch");
  const bool has_batch =
      batch != spec.generator_options.end() && std::holds_alternative<std::int64_t>(batch->second);
  made["generator_batch"] = has_batch ? Json(std::get<std::int64_t>(batch->second)) : Json(nullptr);
  made["frame_size"] = spec.traffic.frame_size;
  made["flows"] = spec.traffic.flows;
  made["queues"] = spec.queues;
  made["rate_pps"] = spec.rate_pps ? Json(*spec.rate_pps) : Json(nullptr);
  made["mode"] = to_json(result.mode, spec.backend);
  made["status"] = to_string(result.status);
  made["reason"] = reason_json(result.status == CaseStatus::ok, result.reason);
  made["limiter"] = to_string(result.limiter);
  made["condition"] = condition_json(result);
  made["virtual"] = facts.is_virtual;
  made["trials"] = Json::array();
  for (const TrialRecord& trial : result.trials) made["trials"].push_back(to_json(trial));
  made["summary"] = nullptr;
  if (const auto summary = summarize_case(result))
    made["summary"] = Json({{"mpps", to_json(summary->mpps)},
                            {"ns_per_packet", to_json(summary->ns_per_packet)},
                            {"cycles_per_packet", to_json(summary->cycles_per_packet)}});
  made["bpf_run_time"] = bpf_run_time_json(result);
  return made;
}

Json cleaned(const Json& json) {
  if (json.is_string()) return clean_text(json.get_ref<const std::string&>());
  if (!json.is_structured()) return json;
  Json made = json.is_array() ? Json::array() : Json::object();
  for (auto item = json.begin(); item != json.end(); ++item)
    if (json.is_array())
      made.push_back(cleaned(*item));
    else
      made[clean_text(item.key())] = cleaned(*item);
  return made;
}

std::string dump_json(const Json& json, int indent) {
  return is_clean(json) ? json.dump(indent) : cleaned(json).dump(indent);
}

}  // namespace pktbench
