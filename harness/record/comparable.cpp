#include "harness/record/comparable.hpp"

#include <variant>

#include "harness/core/lookup.hpp"
#include "harness/record/json.hpp"
#include "harness/sys/json_file.hpp"

namespace pktbench {

namespace {

constexpr const char* kNone = "none";
constexpr const char* kNapiPolicy = "napi_policy";
const std::string kDriver = "_port.driver";

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
  const Json& testbeds = part(part(run, "scenario"), "testbed");
  if (testbeds.is_array())
    for (std::size_t i = 0; i < testbeds.size(); ++i)
      if (part(testbeds[i], "label") == label) return {&testbeds[i], i};
  return {&testbeds, 0};
}

// Neither environment.nics nor ports need be there.
void add_port(const Json& run, const Json& label, std::size_t testbed, const std::string& role,
              Comparable& made) {
  const auto add = [&](const std::string& name, const Json& value) {
    if (!value.is_null()) made[role + "_port." + name] = settings_text(value);
  };
  std::size_t before = 0;
  for (const Json& nic : part(part(part(run, "environment"), "before"), "nics"))
    if (text_of(part(nic, "role")) == role && before++ == testbed)
      for (const auto& [name, key] :
           {std::pair("driver", "driver"), std::pair("firmware", "firmware"),
            std::pair("link", "speed_mbps"), std::pair("pcie", "pcie"),
            std::pair("queues", "queues"), std::pair("hash", "udp4_hash"),
            std::pair("rings", "rings"), std::pair("coalescing", "coalescing"),
            std::pair("pause", "pause")})
        add(name, part(nic, key));
  // Older runs have of pause what the scenario set.
  for (const Json& port : part(run, "ports"))
    if (part(port, "role") == role && part(port, "testbed_label") == label)
      for (const Json& setting : part(port, "settings"))
        if (part(setting, "setting") == "pause" && !made.contains(role + "_port.pause"))
          add("pause", part(setting, "after"));
}

}  // namespace

Difference difference_in(const std::string& name) {
  if (name.find("_port.") == std::string::npos) return Difference::obstacle;
  return name.ends_with(kDriver) ? Difference::subject : Difference::warning;
}

std::string text_of(const Json& value) {
  if (value.is_null()) return kNone;
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Comparable comparable_of(const Json& run, const Json& one) {
  Comparable made;
  for (const char* key :
       {"testbed", "arrangement", "dut_idle", "virtual", "generator", "generator_options",
        "generator_batch", "frame_size", "frame_mix", "ip", "flows", "rate_pps"})
    made[key] = text_of(part(one, key));
  // Older runs know no other.
  if (part(one, "ip").is_null()) made["ip"] = "4";
  // Older runs do not say it: they had one method, and a start for each trial.
  const Json& method = part(part(run, "scenario"), "method");
  const Json& called = part(method, "name");
  const Json& restart = part(method, "restart");
  made["method"] = called.is_null() ? "throughput" : text_of(called);
  // Older runs know no other.
  const Json& stamp = part(method, "stamp");
  if (made["method"] == "latency") made["stamp"] = stamp.is_null() ? "software" : text_of(stamp);
  made["restart"] = restart.is_null() ? "true" : text_of(restart);
  made["emulator"] = text_of(part(part(part(run, "environment"), "before"), "emulator"));
  const Json& label = part(one, "testbed_label");
  const auto [testbed, number] = testbed_of(run, label);
  made[kNapiPolicy] = text_of(part(*testbed, kNapiPolicy));
  for (const char* role : {"dut", "generator"}) add_port(run, label, number, role, made);
  for (const auto& [name, value] : part(one, "comparable").items())
    if (value.is_string()) made[name] = value.get<std::string>();
  return made;
}

Comparable comparable_of(const Testbed& testbed, const Options& options) {
  Comparable made = {{"arrangement", testbed.arrangement()}, {"dut_idle", testbed.dut_idle()}};
  const OptionValue* policy = find_in(options, kNapiPolicy);
  if (const auto* text = policy ? std::get_if<std::string>(policy) : nullptr)
    made[kNapiPolicy] = *text;
  return made;
}

}  // namespace pktbench
