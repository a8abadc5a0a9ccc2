// What the tests of the scenario parser share: a registry, and files that are gone afterwards.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "harness/core/registry.hpp"
#include "harness/method/throughput.hpp"
#include "harness/method/trial_options.hpp"
#include "harness/runner/scenario.hpp"
#include "harness/testing/scratch_files.hpp"

namespace pktbench {

// The names and options that the shipped scenarios use, and a "fake" with an option of every kind.
inline const Registry& test_registry() {
  static const Registry kRegistry = [] {
    const std::vector<std::string> workloads = {"drop", "touch", "pass"};
    const OptionSpec fallback{"fallback", false, {}, {}, {}, "generic mode will do"};
    Registry r;
    r.workloads = {{"drop", ""},         {"touch", ""},        {"parse", ""},
                   {"count-per-ip", ""}, {"filter", "", true}, {"reflect", "", false, true},
                   {"pass", ""}};
    r.backends = {
        {"udp-recvfrom", "", workloads, {}, {}, {}},
        {"udp-recvmmsg", "", workloads, {}, {}, {}},
        {"xdp-generic", "", workloads, {}, {}, {}},
        {"xdp-native", "", workloads, {fallback}, {}, {}},
        {"fake",
         "",
         {"drop", "juggle"},
         {{"wakeup", std::string("poll"), {"poll", "busy-poll"}, {}, {}, "who wakes it"},
          {"device", std::string("pb0"), {}, {}, {}, "any text"},
          {"batch", std::int64_t{16}, {}, 1, 256, "frames"},
          {"offset", std::int64_t{0}, {}, {}, {}, "any integer"},
          {"noise", 0.5, {}, 0, 1, "fraction"},
          {"loss", 0.0, {}, {}, 1, "fraction"},
          {"strict", true, {}, {}, {}, "yes or no"}},
         {},
         {}},
    };
    r.generators = {
        {"xdp-live", "", {{"batch", std::int64_t{16}, {}, 1, 256, "frames"}}, {}, {}},
        {"packet-tx", "", {}, {}, {}},
    };
    TestbedType veth;
    veth.name = "veth";
    veth.options = {
        {"arrangement", std::string("isolated"), {"isolated", "inline"}, {}, {}, "who drives NAPI"},
        {"generator_cpu", std::int64_t{-1}, {}, -1, 4095, "CPU; -1: automatic"},
        {"dut_cpu", std::int64_t{-1}, {}, -1, 4095, "CPU; -1: automatic"},
        {"napi_policy", std::string("other"), {"other", "fifo"}, {}, {}, "of the NAPI thread"},
    };
    TestbedType simulated;
    simulated.name = "simulated";
    r.testbeds = {veth, simulated};
    r.methods = {method::throughput_method()};
    return r;
  }();
  return kRegistry;
}

// With the load and the times that its cases' trials have.
inline TrialPlan plan_of(const Scenario& scenario) {
  CaseResult first;
  first.spec = scenario.cases.at(0);
  return scenario.method->make(scenario.method_options)->next(first, 0)->plan;
}

class ScenarioFiles : public ScratchFiles {
 protected:
  Result<Scenario> load(const std::string& text, const ScenarioOverrides& overrides = {}) const {
    return load_scenario(write(text), test_registry(), overrides);
  }

  // The error line of `text`, with the path of its file written FILE; empty: there was none.
  std::string error_of(const std::string& text, const ScenarioOverrides& overrides = {}) const {
    const auto scenario = load(text, overrides);
    if (scenario) return {};
    EXPECT_EQ(scenario.error().code, ErrorCode::invalid_input);
    std::string line = scenario.error().message;
    if (line.starts_with(path("test.json"))) line.replace(0, path("test.json").size(), "FILE");
    return line;
  }
};

}  // namespace pktbench
