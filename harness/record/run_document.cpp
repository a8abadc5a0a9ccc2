#include "harness/record/run_document.hpp"

#include "harness/core/version.hpp"
#include "harness/record/comparable.hpp"
#include "harness/record/run_identity.hpp"
#include "harness/sys/utc.hpp"
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
  Json missing = Json::object();
  Section run("", missing);
  run.set("id", Json(document.id));
  run.set("tool_version", Json(document.tool_version));
  run.text("git_commit", document.git_commit, "built from a tree without git");
  run.set("host", Json(document.host));
  run.set("started_at", Json(document.started_at));
  run.text("finished_at", document.finished_at, "the run has not finished");
  run.set("argv", Json(document.argv));
  run.set("interrupted", Json(document.interrupted));
  run.set("resumed", Json(document.resumed));
  if (document.environment_after.is_null())
    missing["environment.after"] =
        document.finished_at.empty() ? "the run has not finished" : "it was not captured";
  run.set("missing", missing);

  Json made = Json::object();
  made["schema"] = "pktbench-run/1";
  made["run"] = run.take();
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

}  // namespace pktbench
