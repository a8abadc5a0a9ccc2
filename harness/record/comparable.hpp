// What two cases must have in common to be compared, or what is said where they have not: the one
// list of it. It is written to run.json as cases[].comparable, and is made of run.json's own keys,
// so that of an older run, which lacks it, it is the same.
//
// Threads: none. Errors: none; what is not there, or is no such value, is "none" or left out.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/core/options.hpp"
#include "harness/core/testbed.hpp"

namespace pktbench {

// Value by name, as text: "frame_size" and so on and, as far as the ports' drivers tell, of either
// end "dut_port.driver", ".firmware", ".link" (Mbit/s), ".pcie", ".queues", ".hash" (fields
// of UDP), ".rings", ".coalescing" and ".pause".
using Comparable = std::map<std::string, std::string>;

// What a difference means for a comparison.
enum class Difference {
  obstacle,  // there is none: the figures are of two different things
  subject,   // it is what is compared, as one NIC with another, and belongs to the verdict
  warning,   // it may be the cause of what is found
};
Difference difference_in(const std::string& name);

// Of the case `one` of `run`, both in the form of run.json. What the case has recorded of it stays.
Comparable comparable_of(const nlohmann::ordered_json& run, const nlohmann::ordered_json& one);

// A value as it is compared and shown: "none" for null.
std::string text_of(const nlohmann::ordered_json& value);

// What of it a testbed decides, as far as it can be chosen. REQUIRES: `testbed` is up.
Comparable comparable_of(const Testbed& testbed, const Options& options);

}  // namespace pktbench
