#include "harness/record/run_document.hpp"

#include "harness/core/version.hpp"
#include "harness/record/comparable.hpp"
#include "harness/record/fields.hpp"
#include "harness/record/run_identity.hpp"
#include "harness/sys/utc.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

RunDocument new_run_document(std::vector<std::string> argv) {
  RunDocument made;
  made.id = random_run_id();
  made.tool_version = build_info().version;
  made.git_commit = build_info().git_commit;
  made.host = host_name();
  made.started_at = sys::rfc3339_utc(sys::utc_now());
  made.argv = std::move(argv);
  return made;
}

Json to_json(const RunDocument& document) {
  Json made = Json::object();
  made["schema"] = kRunSchema;
  made["run"] = write_record(run_fields(), document);
  made["environment"] =
      Json({{"before", document.environment_before}, {"after", document.environment_after}});
  made["scenario"] = document.scenario;
  if (!document.testbed.ports.empty()) {
    made["ports"] = Json::array();
    for (const PortReport& port : document.testbed.ports) made["ports"].push_back(to_json(port));
  }
  made["cases"] = Json::array();
  for (const CaseResult& result : document.cases)
    made["cases"].push_back(to_json(result, document.testbed));
  for (Json& one : made["cases"]) one["comparable"] = comparable_of(made, one);
  made["pairs"] = document.pairs;
  return made;
}

Result<StoredRun> run_from_json(const Json& json, const Heeds& heeds) {
  static const Fields<StoredRun> parts(
      "", {{"run", object(&StoredRun::head, run_fields()), ""},
           {"environment", group<StoredRun>({}), ""},
           {"ports",
            list(at(&StoredRun::head, &RunDocument::testbed, &TestbedFacts::ports), port_fields()),
            "", notes::older_lack_it},
           {"cases", list(&StoredRun::cases, case_fields()), ""}});
  if (const Json& name = part(json, "schema"); name != kRunSchema)
    return make_error(ErrorCode::invalid_input,
                      "/schema: must be \"" + std::string(kRunSchema) + "\", and is " +
                          (name.is_string() ? in_quotes(name.get<std::string>()) : "no text") +
                          ": is this a run.json of pktbench?");
  auto made = read_record(parts, json, heeds);
  if (!made) return made;
  const Json& environment = part(json, "environment");
  made->head.environment_before = part(environment, "before");
  made->head.environment_after = part(environment, "after");
  made->head.scenario = part(json, "scenario");
  made->head.pairs = part(json, "pairs");
  return made;
}

}  // namespace pktbench
