#include "harness/record/comparable.hpp"

#include <variant>

#include "harness/sys/json_file.hpp"

namespace pktbench {

namespace {

constexpr const char* kNone = "none";
constexpr const char* kNapiPolicy = "napi_policy";
const std::string kDriver = "_port.driver";

const Json& at(const Json& json, const char* key) {
  static const Json kNull;
  const auto found = json.is_object() ? json.find(key) : json.end();
  return json.is_object() && found != json.end() ? *found : kNull;
}

std::string text_of(const Json& value) {
  if (value.is_null()) return kNone;
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// "rx=4096 tx=4096"; what the device could have at most is no setting.
std::string settings_text(const Json& settings) {
  if (!settings.is_object()) return text_of(settings);
  std::string made;
  for (const auto& [name, value] : settings.items())
    if (!value.is_structured()) made += (made.empty() ? "" : " ") + name + "=" + text_of(value);
  return made;
}

// The scenario's testbed of that label, and which of them it is.
std::pair<const Json*, std::size_t> testbed_of(const Json& run, const Json& label) {
  const Json& testbeds = at(at(run, "scenario"), "testbed");
  if (testbeds.is_array())
    for (std::size_t i = 0; i < testbeds.size(); ++i)
      if (at(testbeds[i], "label") == label) return {&testbeds[i], i};
  return {&testbeds, 0};
}

// Neither environment.nics nor ports need be there.
void add_port(const Json& run, const Json& label, std::size_t testbed, const std::string& role,
              Comparable& made) {
  const auto add = [&](const std::string& name, const Json& value) {
    if (!value.is_null()) made[role + "_port." + name] = settings_text(value);
  };
  std::size_t before = 0;
  for (const Json& nic : at(at(at(run, "environment"), "before"), "nics"))
    if (text_of(at(nic, "role")) == role && before++ == testbed)
      for (const char* key : {"driver", "firmware", "queues", "rings", "coalescing"})
        add(key, at(nic, key));
  for (const Json& port : at(run, "ports"))
    if (at(port, "role") == role && at(port, "testbed_label") == label)
      for (const Json& setting : at(port, "settings"))
        if (at(setting, "setting") == "pause") add("pause", at(setting, "after"));
}

}  // namespace

Difference difference_in(const std::string& name) {
  if (name.find("_port.") == std::string::npos) return Difference::obstacle;
  return name.ends_with(kDriver) ? Difference::subject : Difference::warning;
}

Comparable comparable_of(const Json& run, const Json& one) {
  Comparable made;
  for (const char* key :
       {"testbed", "arrangement", "dut_idle", "virtual", "generator", "generator_options",
        "generator_batch", "frame_size", "flows", "rate_pps"})
    made[key] = text_of(at(one, key));
  made["emulator"] = text_of(at(at(at(run, "environment"), "before"), "emulator"));
  const Json& label = at(one, "testbed_label");
  const auto [testbed, number] = testbed_of(run, label);
  made[kNapiPolicy] = text_of(at(*testbed, kNapiPolicy));
  for (const char* role : {"dut", "generator"}) add_port(run, label, number, role, made);
  for (const auto& [name, value] : at(one, "comparable").items())
    if (value.is_string()) made[name] = value.get<std::string>();
  return made;
}

Comparable comparable_of(const Testbed& testbed, const Options& options) {
  Comparable made = {{"arrangement", testbed.arrangement()}, {"dut_idle", testbed.dut_idle()}};
  const auto policy = options.find(kNapiPolicy);
  if (policy != options.end())
    if (const auto* text = std::get_if<std::string>(&policy->second)) made[kNapiPolicy] = *text;
  return made;
}

}  // namespace pktbench
