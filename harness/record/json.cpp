#include "harness/record/json.hpp"

#include "harness/record/field_json.hpp"
#include "harness/record/fields.hpp"
#include "harness/text/clean_text.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

namespace {

// Most records are, and a long one is not copied for nothing.
bool is_clean(const Json& json) {
  if (json.is_string()) return is_clean_text(json.get_ref<const std::string&>());
  if (!json.is_structured()) return true;
  for (auto item = json.begin(); item != json.end(); ++item)
    if ((json.is_object() && !is_clean_text(item.key())) || !is_clean(*item)) return false;
  return true;
}

}  // namespace

Json to_json(const Summary& summary) { return write_record(summary_fields(), summary); }
Json to_json(const TrialRecord& trial) { return write_record(trial_fields(), trial); }

EffectiveMode asked_of(EffectiveMode mode, const std::string& backend) {
  if (mode.requested.empty()) mode.requested = backend;
  return mode;
}

Json to_json(const CaseResult& result, const TestbedFacts& facts) {
  CaseDocument document{result, facts, summarize_case(result).value_or(CaseSummary()),
                        summarize_bpf(result)};
  document.result.mode = asked_of(result.mode, result.spec.backend);
  return write_record(case_fields(), document);
}

const Json& part(const Json& json, const char* key) {
  static const Json kNull;
  const auto found = json.is_object() ? json.find(key) : json.end();
  return json.is_object() && found != json.end() ? *found : kNull;
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
