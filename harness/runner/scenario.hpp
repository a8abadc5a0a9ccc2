// The scenario: a JSON file, data only, parsed strictly. Everything unknown is refused with the
// file, the JSON pointer and the nearest valid name; every default is filled in, so that the
// resolved scenario in a result says all that was decided.
//
// Threads: none. Errors: ErrorCode::invalid_input, one line.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/method.hpp"
#include "harness/core/options.hpp"
#include "harness/core/registry.hpp"
#include "harness/core/result.hpp"
#include "harness/core/testbed.hpp"
#include "harness/core/trial.hpp"

namespace pktbench {

// One of a scenario's testbeds, all of which are of one type.
struct TestbedChoice {
  std::string label;  // empty where there is only one
  Options options;
  auto operator<=>(const TestbedChoice&) const = default;
};

struct Scenario {
  std::string name;
  std::string description;
  std::string testbed;                  // the type
  std::vector<TestbedChoice> testbeds;  // one at least; each case is measured on every one
  QueueRange queues;
  const MethodType* method = nullptr;  // of the registry
  Options method_options;
  std::uint64_t order_seed = 0;  // of the order of the cases inside each round
  int restarts = 1;  // blocks of rounds, before each of which the testbeds are set up anew
  std::vector<CaseSpec> cases;  // every combination, in the file's order, ids unique
  nlohmann::ordered_json resolved;
};

// What the command line changes. All but `backends` are applied to the file's JSON before it is
// checked, `set` first; `backends` selects after that, so that what is left out must still be
// valid.
struct ScenarioOverrides {
  std::vector<std::string> set = {};       // "/json/pointer=value"; value is JSON, or else a string
  std::vector<std::string> backends = {};  // keep only these, by name; empty: all
  std::vector<std::string> cases = {};     // keep only these, by id; empty: as the file has it
  std::optional<int> trials = {};
  std::optional<int> restarts = {};
  std::optional<double> duration_s = {};
  // Takes the place of a method.seed of 0, which stands for one that is drawn for the run.
  std::uint64_t drawn_seed = 0;
};

Result<Scenario> load_scenario(const std::string& path, const Registry& registry,
                               const ScenarioOverrides& overrides);

// The same of a document at hand; `where` is what errors call it.
Result<Scenario> read_scenario(nlohmann::ordered_json document, const std::string& where,
                               const Registry& registry, const ScenarioOverrides& overrides);

}  // namespace pktbench
