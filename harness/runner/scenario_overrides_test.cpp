#include "harness/runner/scenario_overrides.hpp"

#include "harness/runner/scenario_test_util.hpp"

namespace pktbench {
namespace {

class Overrides : public ScenarioFiles {
 protected:
  const std::string text_ = R"({"testbed": "veth", "backends": ["xdp-native", "fake"]})";

  std::string set_error(const std::string& argument) const {
    return error_of(text_, {.set = {argument}});
  }
  // The resolved scenario's value at `pointer` after these arguments.
  std::string set_value(const std::vector<std::string>& arguments,
                        const std::string& pointer) const {
    const auto scenario = load(text_, {.set = arguments});
    if (!scenario) return scenario.error().message;
    return scenario->resolved.at(Pointer(pointer)).dump();
  }
};

TEST_F(Overrides, SetReplacesAndAdds) {
  EXPECT_EQ(set_value({"/queues=4"}, "/queues"), "[4]");
  EXPECT_EQ(set_value({"/method/trials=7"}, "/method/trials"), "7");
  EXPECT_EQ(set_value({"/traffic/frame_size=[64,128]"}, "/traffic/frame_size"), "[64,128]");
  EXPECT_EQ(
      set_value({"/traffic/rate=[1]", "/traffic/rate/-=2", "/traffic/rate/2=3"}, "/traffic/rate"),
      "[1,2,3]");
  EXPECT_EQ(set_value({"/queues=2", "/queues=3"}, "/queues"), "[3]");
}

TEST_F(Overrides, ValuesThatAreNoJsonAreStrings) {
  EXPECT_EQ(set_value({"/name=hello"}, "/name"), "\"hello\"");
  EXPECT_EQ(set_value({"/name=\"hello\""}, "/name"), "\"hello\"");
  EXPECT_EQ(set_value({"/name=007"}, "/name"), "\"007\"");
  EXPECT_EQ(set_value({"/description=a=b"}, "/description"), "\"a=b\"");
  EXPECT_EQ(set_value({"/description="}, "/description"), "\"\"");
}

TEST_F(Overrides, ANameBecomesAnObjectWhereAnOptionIsSet) {
  EXPECT_EQ(set_value({"/testbed/arrangement=inline"}, "/testbed/arrangement"), "\"inline\"");
  EXPECT_EQ(set_value({"/backends/0/fallback=true"}, "/backends/0"),
            R"({"name":"xdp-native","fallback":true,"label":"","telemetry":"full"})");
  EXPECT_EQ(set_value({"/traffic/generator/batch=64"}, "/traffic/generator"),
            R"({"name":"xdp-live","batch":64})");
  EXPECT_EQ(set_value({"/method=throughput", "/method/trials=2"}, "/method/trials"), "2");
}

TEST_F(Overrides, ErrorsNameTheArgument) {
  EXPECT_EQ(set_error("/queues=zero"),
            "--set /queues=zero: /queues: expected an integer, not \"zero\"");
  EXPECT_EQ(set_error("/method/trials=0"),
            "--set /method/trials=0: /method/trials: must be 1 to 100000, not 0");
  EXPECT_EQ(set_error("/trafic/flows=2"),
            "--set /trafic/flows=2: /trafic: unknown key \"trafic\"; did you mean \"traffic\"?");
  EXPECT_EQ(set_error("/testbed/arangement=inline"),
            "--set /testbed/arangement=inline: /testbed/arangement: unknown key \"arangement\"; "
            "did you mean \"arrangement\"?");
  EXPECT_EQ(set_error("/backends/-=dpdk"),
            "--set /backends/-=dpdk: /backends/2: unknown backend \"dpdk\"; valid: udp-recvfrom, "
            "udp-recvmmsg, xdp-generic, xdp-native, fake");
  EXPECT_EQ(set_error("/backends/5=fake"),
            "--set /backends/5=fake: /backends/5: no such element; the list has 2 from 0, and - "
            "appends");
  EXPECT_EQ(set_error("/backends/01=fake").substr(0, 37), "--set /backends/01=fake: /backends/01");
  EXPECT_EQ(set_error("/backends/fake/batch=1").substr(0, 44),
            "--set /backends/fake/batch=1: /backends/fake");
  EXPECT_EQ(set_error("/method={\"trials\": 1, \"trials\": 2}"),
            "--set /method={\"trials\": 1, \"trials\": 2}: /trials: duplicate key \"trials\"");
  EXPECT_EQ(error_of(text_, {.set = {"/queues=1", "/queues/x=1"}}),
            "--set /queues/x=1: /queues: nothing can be set inside 1");
}

TEST_F(Overrides, TheLastArgumentThatDecidedIsNamed) {
  EXPECT_EQ(error_of(text_, {.set = {"/method/trials=0", "/method/warmup_s=1"}}),
            "--set /method/trials=0: /method/trials: must be 1 to 100000, not 0");
  EXPECT_EQ(error_of(text_, {.set = {"/method/trials=1", "/method={\"trials\":0}"}}),
            "--set /method={\"trials\":0}: /method/trials: must be 1 to 100000, not 0");
  EXPECT_EQ(error_of(R"({"queues": 0, "backends": ["fake"]})", {.set = {"/name=x"}}),
            "FILE: /queues: must be 1 to 64, not 0");
}

TEST_F(Overrides, WhatIsNoPointerIsRefused) {
  const std::string rule = ": expected /json/pointer=value";
  EXPECT_EQ(set_error(""), "--set " + rule);
  EXPECT_EQ(set_error("queues=1"), "--set queues=1" + rule);
  EXPECT_EQ(set_error("=1"), "--set =1" + rule);
  EXPECT_EQ(set_error("/queues"), "--set /queues" + rule);
  EXPECT_EQ(set_error("/a~2=1"),
            "--set /a~2=1: ~ in a JSON pointer is written ~0, and / in a key ~1");
  EXPECT_EQ(set_error("/a~=1"),
            "--set /a~=1: ~ in a JSON pointer is written ~0, and / in a key ~1");
  EXPECT_EQ(set_error("/a~1b~0=1").substr(0, 26), "--set /a~1b~0=1: /a~1b~0: ");
  EXPECT_EQ(set_error("/name=\xff\n"), "--set /name=\\xff\\n: not valid UTF-8");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "/a";
  EXPECT_TRUE(set_error(deep + "=1").ends_with(": deeper than 32 levels"));
  EXPECT_TRUE(set_error("/name=" + std::string(100, '[') + std::string(100, ']'))
                  .ends_with(": nested deeper than 32 levels"));
}

TEST_F(Overrides, RestartsAndCases) {
  const std::string two = R"({"backends": ["fake"], "traffic": {"frame_size": [64, 128]}})";
  const auto scenario = load(two, {.cases = {"fake/drop/128B/1q/1f"}, .restarts = 5});
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(scenario->restarts, 5);
  ASSERT_EQ(scenario->cases.size(), 1u);
  EXPECT_EQ(scenario->cases[0].traffic.frame_size, 128u);
  const auto again = load(scenario->resolved.dump());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->resolved, scenario->resolved);
  EXPECT_EQ(again->cases.size(), 1u);
  EXPECT_EQ(
      error_of(two, {.restarts = 6}),
      "--restarts 6: /restarts: each of 6 blocks needs a round of its own, and the method has 5: "
      "ask for more trials");
  EXPECT_TRUE(error_of(two, {.cases = {"fake/drop/129B/1q/1f"}})
                  .starts_with("--case: /cases/0: unknown case \"fake/drop/129B/1q/1f\""));
}

TEST_F(Overrides, TrialsAndDurationComeAfterSet) {
  const auto scenario = load(text_, {.set = {"/method/trials=9"}, .trials = 2, .duration_s = 0.25});
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(option<std::int64_t>(scenario->method_options, "trials"), 2);
  EXPECT_EQ(plan_of(*scenario).duration_s, 0.25);
  EXPECT_EQ(scenario->resolved["method"]["trials"], 2);
  EXPECT_EQ(error_of(text_, {.trials = -1}),
            "--trials -1: /method/trials: must be 1 to 100000, not -1");
  EXPECT_EQ(error_of(text_, {.duration_s = 0.0}),
            "--duration 0: /method/duration_s: must be 0.01 to 86400, not 0.0");
  for (const double value :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    const std::string line = error_of(text_, {.duration_s = value});
    EXPECT_TRUE(line.starts_with("--duration " + std::string(value > 0 ? "inf" : "nan"))) << line;
  }
}

TEST_F(Overrides, BackendKeepsTheNamedOnesInTheirOrder) {
  const auto scenario = load(R"({"backends": ["xdp-native", "udp-recvfrom", "fake",
                                              {"name": "fake", "batch": 1}]})",
                             {.backends = {"fake", "xdp-native", "fake"}});
  ASSERT_TRUE(scenario) << scenario.error().message;
  ASSERT_EQ(scenario->cases.size(), 3u);
  EXPECT_EQ(scenario->cases[0].id, "xdp-native/drop/64B/1q/1f");
  EXPECT_EQ(scenario->cases[1].id, "fake/drop/64B/1q/1f");
  EXPECT_EQ(scenario->cases[2].id, "fake/drop/64B/1q/1f/batch=1");
  EXPECT_EQ(scenario->resolved["backends"].size(), 3u);
}

TEST_F(Overrides, ABackendThatIsNotThereIsAnError) {
  EXPECT_EQ(error_of(text_, {.backends = {"fake", "xdp-natve"}}),
            "--backend xdp-natve: unknown backend \"xdp-natve\"; did you mean \"xdp-native\"?");
  EXPECT_EQ(error_of(text_, {.backends = {"udp-recvfrom"}}),
            "--backend udp-recvfrom: not in this scenario, which has xdp-native, fake");
  EXPECT_EQ(error_of(text_, {.backends = {""}}).substr(0, 42),
            "--backend : unknown backend \"\"; valid: udp");
}

}  // namespace
}  // namespace pktbench
