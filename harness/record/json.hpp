// Records as JSON, by the tables of fields.hpp. What does not exist is null, with a reason in the
// trial's "missing"; a number that is not finite does not exist.
//
// Threads: none. Errors: reading gives invalid_input with the JSON pointer of the value at fault;
// nothing throws.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/core/case_result.hpp"
#include "harness/core/result.hpp"
#include "harness/core/testbed.hpp"
#include "harness/core/trial.hpp"
#include "harness/measure/summary.hpp"
#include "harness/method/case_summary.hpp"

namespace pktbench {

// What a case inherits from its run.
struct TestbedFacts {
  std::string testbed;
  std::string arrangement;  // empty: the testbed has no such choice
  bool is_virtual = true;
  std::string emulator = {};  // empty: the devices are not emulated
  std::vector<PortReport> ports = {};
  std::string dut_idle = {};  // "poll", "spin" or "sleep"; empty: as the host has it
};

// A case as run.json holds it.
struct CaseDocument {
  CaseResult result;
  TestbedFacts testbed;                                // without its ports
  CaseSummary summary;                                 // n of 0 without a trial that counts
  Summary ns_per_run;                                  // of the trials with BPF statistics
  std::map<std::string, std::string> comparable = {};  // harness/record/comparable.hpp
};

nlohmann::ordered_json to_json(const Summary& summary);
nlohmann::ordered_json to_json(const TrialRecord& trial);
nlohmann::ordered_json to_json(const CaseResult& result, const TestbedFacts& facts);

// `backend` stands for the requested mode where the backend has none to choose.
EffectiveMode asked_of(EffectiveMode mode, const std::string& backend);

// The value of a key; null where there is none, or `json` is no object.
const nlohmann::ordered_json& part(const nlohmann::ordered_json& json, const char* key);

// Every text in it, keys included, as clean_text() makes it: names of hosts and devices, labels and
// command lines may hold any byte.
nlohmann::ordered_json cleaned(const nlohmann::ordered_json& json);

// cleaned(), as text; one line where `indent` is negative.
std::string dump_json(const nlohmann::ordered_json& json, int indent);

}  // namespace pktbench
