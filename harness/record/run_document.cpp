#include "harness/record/run_document.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "harness/core/version.hpp"
#include "harness/record/comparable.hpp"
#include "harness/record/fields.hpp"
#include "harness/record/fingerprint.hpp"
#include "harness/sys/utc.hpp"
#include "harness/text/clean_text.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

namespace {

std::string file_name_part(const std::string& text) {
  static constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  std::string made = text.substr(0, 64);
  std::ranges::replace_if(
      made, [](char c) { return kPlain.find(c) == kPlain.npos; }, '-');
  return made;
}

}  // namespace

std::string random_run_id() { return boost::uuids::to_string(boost::uuids::random_generator()()); }

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown";
  return clean_line(name.data());
}

std::string run_dir_name(const std::string& results_root, const std::string& host,
                         const std::string& scenario, std::chrono::system_clock::time_point at) {
  return results_root + "/" + sys::file_name_utc(at) + "-" + file_name_part(host) + "-" +
         file_name_part(scenario);
}

std::string default_run_dir(const std::string& results_root, const std::string& scenario) {
  return run_dir_name(results_root, host_name(), scenario, sys::utc_now());
}

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
    for (const PortReport& port : document.testbed.ports)
      made["ports"].push_back(write_record(port_fields(), port));
  }
  made["cases"] = Json::array();
  for (const CaseResult& result : document.cases)
    made["cases"].push_back(to_json(result, document.testbed));
  for (Json& one : made["cases"]) one["comparable"] = comparable_of(made, one);
  made["fingerprint"] =
      write_record(fingerprint_fields(), fingerprint_of(made, document.testbed.is_virtual));
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
