#include "harness/record/fingerprint.hpp"

#include <fmt/ranges.h>

#include <boost/algorithm/string/join.hpp>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <map>
#include <set>
#include <sstream>

#include "harness/core/lookup.hpp"
#include "harness/record/comparable.hpp"
#include "harness/record/field_json.hpp"
#include "harness/record/json.hpp"
#include "harness/sys/json_file.hpp"

namespace pktbench {

namespace {

using namespace notes;

// Of the ports in the order of environment.nics: "generator X, dut Y"; empty where none has it.
template <class F>
std::string of_ports(const Json& run, F&& value_of) {
  std::vector<std::string> made;
  bool any = false;
  for (const Json& nic : part(part(part(run, "environment"), "before"), "nics")) {
    const std::string value = value_of(nic);
    any |= !value.empty();
    made.push_back(text_of(part(nic, "role")) + " " + (value.empty() ? "none" : value));
  }
  return any ? boost::algorithm::join(made, ", ") : "";
}

std::string text_or_empty(const Json& value) { return value.is_null() ? "" : text_of(value); }

std::string joined(const std::string& one, const std::string& other) {
  return one.empty() || other.empty() ? one + other : one + " " + other;
}

// What the boot loader adds names the kernel, which is a field of its own.
std::string boot_settings(const std::string& command_line) {
  std::istringstream words(command_line);
  std::vector<std::string> kept;
  for (std::string word; words >> word;)
    if (!word.starts_with("BOOT_IMAGE=") && !word.starts_with("initrd=")) kept.push_back(word);
  return boost::algorithm::join(kept, " ");
}

// Of cases[].comparable what is set on the host and not by the traffic, which is the scenario's.
bool is_setting(const std::string& name) {
  static const std::vector<std::string> kOwn = {"arrangement", "dut_idle", "napi_policy"};
  const bool of_port = name.find("_port.") != std::string::npos;
  return contains(kOwn, name) ||
         (of_port && !name.ends_with(".driver") && !name.ends_with(".firmware"));
}

std::string settings_of(const Json& run) {
  std::map<std::string, std::set<std::string>> values;
  for (const Json& one : part(run, "cases"))
    for (const auto& [name, value] : part(one, "comparable").items())
      if (is_setting(name)) values[name].insert(text_of(value));
  if (values.empty()) return "";
  const Json& before = part(part(run, "environment"), "before");
  values["governor"] = {text_of(part(part(before, "cpu"), "governor"))};
  values["smt"] = {text_of(part(part(before, "cpu"), "smt"))};
  values["boot"] = {boot_settings(text_or_empty(part(part(before, "kernel"), "cmdline")))};
  std::vector<std::string> made;
  for (const auto& [name, all] : values)
    made.push_back(name + "=" + boost::algorithm::join(all, " or "));
  return boost::algorithm::join(made, "; ");
}

// Of a simulated testbed only which it is: its options are the device that is measured.
nlohmann::json measured_on(const Json& testbed) {
  if (text_of(part(testbed, "name")) != "simulated") return testbed;
  return {{"name", "simulated"}, {"label", text_of(part(testbed, "label"))}};
}

// Keys are sorted in it, so that their order in the file says nothing.
std::string scenario_of(const Json& run) {
  const Json& scenario = part(run, "scenario");
  if (!scenario.is_object()) return "";
  nlohmann::json measured = scenario;
  // How often and in which order, and not what.
  for (const char* key : {"name", "description", "restarts", "cases"}) measured.erase(key);
  if (const auto method = measured.find("method"); method != measured.end() && method->is_object())
    for (const char* key : {"trials", "seed", "max_repeats", "guess", "guess_from"})
      method->erase(key);
  const Json& testbeds = part(scenario, "testbed");
  if (testbeds.is_object()) measured["testbed"] = measured_on(testbeds);
  if (testbeds.is_array()) {
    measured["testbed"] = nlohmann::json::array();
    for (const Json& testbed : testbeds) measured["testbed"].push_back(measured_on(testbed));
  }
  const std::string text = measured.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return boost::uuids::to_string(boost::uuids::name_generator_sha1(boost::uuids::ns::url())(text));
}

std::string testbed_of(const Json& run) {
  const Json& testbed = part(part(run, "scenario"), "testbed");
  if (testbed.is_string()) return testbed.get<std::string>();
  const bool several = testbed.is_array() && !testbed.empty();
  return text_or_empty(part(several ? testbed.front() : testbed, "name"));
}

}  // namespace

const Fields<Fingerprint>& fingerprint_fields() {
  using F = Fingerprint;
  static const Fields<F> made(
      "fingerprint",
      {{"host", &F::host, "`run.host`.", null_is_a_value},
       {"cpu", &F::cpu, "Its model, and how many are online.", null_is_a_value},
       {"microcode", &F::microcode, "Its revision.", null_is_a_value},
       {"kernel", &F::kernel, "Its release and its build.", null_is_a_value},
       {"nic", &F::nic,
        "Of each port role, PCI vendor and device, and address; null where none is on a bus.",
        null_is_a_value},
       {"driver", &F::driver,
        "Of each port role, name and, where it has one beside the kernel's, version.",
        null_is_a_value},
       {"firmware", &F::firmware, "Of each port; null where no driver tells it.", null_is_a_value},
       {"settings", &F::settings,
        "`NAME=VALUE` by `; `: of `comparable` the arrangement, how CPUs idle, the NAPI policy and "
        "what the ports are set to (of all cases; ` or ` between different ones); of the host "
        "governor, SMT and, as `boot`, the kernel's command line without the kernel's name. Null "
        "while the run is unfinished.",
        null_is_a_value},
       {"scenario", &F::scenario,
        "UUID (version 5, of the URL namespace) of the resolved scenario as JSON with sorted keys, "
        "without `name`, `description`, `restarts`, `cases` and of `method` `trials`, `seed`, "
        "`max_repeats`, `guess` and `guess_from`; without the options of a simulated testbed, "
        "which are the device.",
        null_is_a_value},
       {"testbed", &F::testbed, "Its type.", null_is_a_value},
       {"virtual", &F::is_virtual, "The figures say nothing about hardware."}});
  return made;
}

Fingerprint fingerprint_of(const Json& run, bool is_virtual) {
  const Json& before = part(part(run, "environment"), "before");
  const Json& cpu = part(before, "cpu");
  const Json& kernel = part(before, "kernel");
  const std::string release = text_or_empty(part(kernel, "release"));
  Fingerprint made;
  made.host = text_or_empty(part(part(run, "run"), "host"));
  made.cpu = text_or_empty(part(cpu, "model"));
  if (const Json& count = part(cpu, "count"); !count.is_null() && !made.cpu.empty())
    made.cpu += ", " + text_of(count) + " CPUs";
  made.microcode = text_or_empty(part(cpu, "microcode"));
  made.kernel = joined(release, text_or_empty(part(kernel, "version")));
  made.nic = of_ports(run, [](const Json& nic) {
    return joined(text_or_empty(part(nic, "model")), text_or_empty(part(nic, "bus_info")));
  });
  made.driver = of_ports(run, [&](const Json& nic) {
    const std::string version = text_or_empty(part(nic, "driver_version"));
    return joined(text_or_empty(part(nic, "driver")), version == release ? "" : version);
  });
  made.firmware =
      of_ports(run, [](const Json& nic) { return text_or_empty(part(nic, "firmware")); });
  made.settings = settings_of(run);
  made.scenario = scenario_of(run);
  made.testbed = testbed_of(run);
  made.is_virtual = is_virtual;
  return made;
}

std::vector<std::string> fingerprint_keys() {
  std::vector<std::string> made;
  for (const Field& field : fingerprint_fields().rows) made.push_back(field.key);
  return made;
}

std::string fingerprint_value(const Fingerprint& of, const std::string& key) {
  return text_of(part(write_record(fingerprint_fields(), of), key.c_str()));
}

std::vector<std::string> different_fields(const Fingerprint& one, const Fingerprint& other,
                                          const std::vector<std::string>& varied) {
  std::vector<std::string> made;
  for (const std::string& key : fingerprint_keys())
    if (!contains(varied, key) && fingerprint_value(one, key) != fingerprint_value(other, key))
      made.push_back(key);
  return made;
}

}  // namespace pktbench
