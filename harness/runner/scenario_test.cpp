#include "harness/runner/scenario.hpp"

#include "harness/runner/scenario_test_util.hpp"
#include "harness/sys/json_file.hpp"

namespace pktbench {
namespace {

using ScenarioTest = ScenarioFiles;

std::vector<std::string> ids(const Scenario& scenario) {
  std::vector<std::string> out;
  for (const CaseSpec& spec : scenario.cases) out.push_back(spec.id);
  return out;
}

using Ids = std::vector<std::string>;

TEST_F(ScenarioTest, FillsInEveryDefault) {
  const auto scenario = load(R"({"backends": ["xdp-native"]})");
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(scenario->name, "test");
  EXPECT_EQ(scenario->testbed, "veth");
  EXPECT_EQ(option<std::string>(scenario->testbeds.at(0).options, "arrangement"), "isolated");
  EXPECT_EQ(scenario->queues.least, 1u);
  EXPECT_EQ(scenario->queues.most, 1u);
  EXPECT_EQ(option<std::int64_t>(scenario->method_options, "trials"), 5);
  EXPECT_EQ(plan_of(*scenario).warmup_s, 0.2);
  EXPECT_EQ(plan_of(*scenario).duration_s, 1.0);
  EXPECT_EQ(plan_of(*scenario).tolerance_packets, 0u);
  EXPECT_EQ(plan_of(*scenario).max_disturbance, 0.05);
  EXPECT_EQ(plan_of(*scenario).max_cpu_distance_change, 2);
  EXPECT_EQ(plan_of(*scenario).max_overrun, 0.05);
  EXPECT_EQ(plan_of(*scenario).max_unsent, 0.01);
  EXPECT_EQ(option<std::int64_t>(scenario->method_options, "max_repeats"), 3);
  ASSERT_EQ(scenario->cases.size(), 1u);
  const CaseSpec& spec = scenario->cases[0];
  EXPECT_EQ(spec.id, "xdp-native/drop/64B/1q/1f");
  EXPECT_EQ(spec.backend, "xdp-native");
  EXPECT_FALSE(option<bool>(spec.backend_options, "fallback"));
  EXPECT_EQ(spec.workload, "drop");
  EXPECT_EQ(spec.generator, "xdp-live");
  EXPECT_EQ(option<std::int64_t>(spec.generator_options, "batch"), 16);
  EXPECT_EQ(spec.traffic.frame_size, 64u);
  EXPECT_EQ(spec.traffic.flows, 1u);
  EXPECT_EQ(spec.rate_pps, std::nullopt);
  EXPECT_EQ(scenario->resolved, Json::parse(R"({
    "name": "test", "description": "",
    "testbed": {"name": "veth", "arrangement": "isolated", "generator_cpu": -1, "dut_cpu": -1,
                "napi_policy": "other"},
    "queues": [1],
    "traffic": {"generator": {"name": "xdp-live", "batch": 16},
                "frame_size": [64], "ip": [4], "flows": [1], "rate": ["max"]},
    "backends": [{"name": "xdp-native", "fallback": false, "label": "", "telemetry": "full"}],
    "workloads": ["drop"],
    "method": {"name": "throughput", "trials": 5, "warmup_s": 0.2, "duration_s": 1.0, "restart": true, "bpf_stats": false,
               "tolerance_packets": 0, "max_disturbance": 0.05, "max_cpu_distance_change": 2.0,
               "max_overrun": 0.05, "max_unsent": 0.01, "max_repeats": 3,
               "seed": 0}, "restarts": 1})"));
}

TEST_F(ScenarioTest, TheFiltersPortsAreThoseOfItsCasesAlone) {
  const std::string start = R"({"backends": ["fake"], "workloads": ["drop", "filter"])";
  const auto usual = load(start + "}");
  ASSERT_TRUE(usual) << usual.error().message;
  ASSERT_EQ(usual->cases.size(), 2u);
  EXPECT_TRUE(usual->cases[0].filter_ports.empty());
  EXPECT_EQ(usual->cases[1].filter_ports, std::vector<std::uint16_t>{9});
  EXPECT_EQ(usual->resolved["filter"], Json({{"udp_ports", {9}}}));

  const auto set = load(start + "}", {.set = {"/filter/udp_ports=[53, 0, 65535]"}});
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(set->cases[1].filter_ports, (std::vector<std::uint16_t>{53, 0, 65535}));
  const auto again = load(set->resolved.dump());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->resolved, set->resolved);

  const auto without = load(R"({"backends": ["fake"]})");
  ASSERT_TRUE(without);
  EXPECT_FALSE(without->resolved.contains("filter"));
}

TEST_F(ScenarioTest, AWorkloadIsWhatItsRowInTheTableSays) {
  Registry registry = test_registry();
  registry.workloads.push_back({.name = "sieve", .filters = true});
  registry.workloads.push_back({.name = "mirror", .sends_back = true});
  const auto scenario =
      load_scenario(write(R"({"backends": ["fake"], "workloads": ["drop", "sieve", "mirror"],
                "filter": {"udp_ports": 53}})"),
                    registry, {});
  ASSERT_TRUE(scenario) << scenario.error().message;
  const std::vector<CaseSpec>& cases = scenario->cases;
  ASSERT_EQ(cases.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cases[i].filter_ports.empty(), i != 1) << cases[i].workload;
    EXPECT_EQ(cases[i].sends_back, i == 2) << cases[i].workload;
  }
  EXPECT_FALSE(load(R"({"backends": ["fake"], "workloads": ["sieve"]})"));
}

TEST_F(ScenarioTest, TakesEveryKey) {
  const auto scenario = load(R"({
    "name": "all-9", "description": "Everything, größer.",
    "testbed": {"name": "veth", "arrangement": "inline", "dut_cpu": 3},
    "queues": 64,
    "traffic": {"generator": {"batch": 256}, "frame_size": 1518, "flows": 65536, "rate": 0.1e1},
    "backends": [{"name": "fake", "wakeup": "busy-poll", "device": "", "batch": 1, "offset": -7,
                  "noise": 1, "loss": -1e300, "strict": false}],
    "workloads": "juggle",
    "method": {"trials": 100000, "warmup_s": 0, "duration_s": 86400, "tolerance_packets": 3}})");
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(scenario->name, "all-9");
  EXPECT_EQ(scenario->description, "Everything, größer.");
  EXPECT_EQ(option<std::string>(scenario->testbeds.at(0).options, "arrangement"), "inline");
  EXPECT_EQ(option<std::int64_t>(scenario->testbeds.at(0).options, "dut_cpu"), 3);
  EXPECT_EQ(option<std::int64_t>(scenario->method_options, "trials"), 100'000);
  EXPECT_EQ(plan_of(*scenario).warmup_s, 0);
  EXPECT_EQ(plan_of(*scenario).duration_s, 86'400);
  EXPECT_EQ(plan_of(*scenario).tolerance_packets, 3u);
  ASSERT_EQ(ids(*scenario), Ids{"fake/juggle/1518B/64q/65536f/1pps"});
  const CaseSpec& spec = scenario->cases[0];
  EXPECT_EQ(spec.queues, 64u);
  EXPECT_EQ(spec.rate_pps, 1.0);
  EXPECT_EQ(option<std::int64_t>(spec.generator_options, "batch"), 256);
  EXPECT_EQ(option<std::string>(spec.backend_options, "wakeup"), "busy-poll");
  EXPECT_EQ(option<std::string>(spec.backend_options, "device"), "");
  EXPECT_EQ(option<std::int64_t>(spec.backend_options, "offset"), -7);
  EXPECT_EQ(option<double>(spec.backend_options, "noise"), 1.0);
  EXPECT_EQ(option<double>(spec.backend_options, "loss"), -1e300);
  EXPECT_FALSE(option<bool>(spec.backend_options, "strict"));
}

TEST_F(ScenarioTest, QueuesAreAnAxis) {
  const auto scenario = load(R"({"queues": [4, 1], "backends": ["fake", "xdp-native"],
                                 "traffic": {"flows": [1, 64]}})");
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(ids(*scenario),
            (Ids{"fake/drop/64B/4q/1f", "xdp-native/drop/64B/4q/1f", "fake/drop/64B/4q/64f",
                 "xdp-native/drop/64B/4q/64f", "fake/drop/64B/1q/1f", "xdp-native/drop/64B/1q/1f",
                 "fake/drop/64B/1q/64f", "xdp-native/drop/64B/1q/64f"}));
  for (std::size_t i = 0; i < scenario->cases.size(); ++i)
    EXPECT_EQ(scenario->cases[i].queues, i < 4 ? 4u : 1u) << i;
  EXPECT_EQ(scenario->queues.least, 1u);
  EXPECT_EQ(scenario->queues.most, 4u);
  EXPECT_EQ(scenario->resolved["queues"], Json({4, 1}));
}

TEST_F(ScenarioTest, ALabelTellsTheSameCaseFromItself) {
  const auto scenario = load(R"({"backends": [
    "fake", {"name": "fake", "label": "a 2"}, {"name": "fake", "telemetry": "none"}]})");
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(ids(*scenario), (Ids{"fake/drop/64B/1q/1f", "fake/drop/64B/1q/1f/label=a%202",
                                 "fake/drop/64B/1q/1f/telemetry=none"}));
  EXPECT_EQ(scenario->cases[0].label, "");
  EXPECT_EQ(scenario->cases[1].label, "a 2");
  EXPECT_EQ(scenario->cases[1].backend_options, scenario->cases[0].backend_options);
  EXPECT_FALSE(scenario->cases[1].backend_options.contains("label"));
  EXPECT_TRUE(scenario->cases[1].telemetry);
  EXPECT_FALSE(scenario->cases[2].telemetry);
}

TEST_F(ScenarioTest, EveryCaseIsMeasuredOnEachOfSeveralTestbeds) {
  const std::string text = R"({"testbed": [{"label": "a b", "dut_cpu": 1}, {"label": "c"}],
                               "backends": ["xdp-generic", "fake"]})";
  ScenarioOverrides set;
  set.set = {"/testbed/1/dut_cpu=2"};
  const auto scenario = load(text, set);
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(ids(*scenario),
            (Ids{"xdp-generic/drop/64B/1q/1f/testbed=a%20b", "xdp-generic/drop/64B/1q/1f/testbed=c",
                 "fake/drop/64B/1q/1f/testbed=a%20b", "fake/drop/64B/1q/1f/testbed=c"}));
  EXPECT_EQ(scenario->testbed, "veth");
  ASSERT_EQ(scenario->testbeds.size(), 2u);
  for (const std::size_t i : {0u, 1u}) {
    EXPECT_FALSE(scenario->testbeds[i].options.contains("label"));
    EXPECT_EQ(option<std::int64_t>(scenario->testbeds[i].options, "dut_cpu"), i == 0 ? 1 : 2);
    EXPECT_EQ(scenario->cases[2 + i].testbed, i);
    EXPECT_EQ(scenario->cases[2 + i].testbed_label, scenario->testbeds[i].label);
  }
  const auto again = load(scenario->resolved.dump());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->testbeds, scenario->testbeds);
  EXPECT_EQ(again->resolved["testbed"], scenario->resolved["testbed"]);
}

TEST_F(ScenarioTest, ADrawnSeedStandsInForZeroAndIsRecorded) {
  ScenarioOverrides drawn;
  drawn.drawn_seed = 77;
  const auto open = load(R"({"backends": ["fake"]})", drawn);
  ASSERT_TRUE(open) << open.error().message;
  EXPECT_EQ(open->order_seed, 77u);
  EXPECT_EQ(open->resolved["method"]["seed"], 77);
  const auto given = load(R"({"backends": ["fake"], "method": {"seed": 5}})", drawn);
  ASSERT_TRUE(given) << given.error().message;
  EXPECT_EQ(given->order_seed, 5u);
  EXPECT_EQ(given->resolved["method"]["seed"], 5);
}

TEST_F(ScenarioTest, BackendsVaryFastestAndRatesSlowest) {
  const auto scenario = load(R"({
    "traffic": {"rate": ["max", 10000], "frame_size": [64, 512], "flows": [1000, 1]},
    "workloads": ["touch", "drop"], "backends": ["xdp-native", "fake"]})");
  ASSERT_TRUE(scenario) << scenario.error().message;
  const Ids all = ids(*scenario);
  ASSERT_EQ(all.size(), 32u);
  EXPECT_EQ(Ids(all.begin(), all.begin() + 9),
            (Ids{"xdp-native/touch/64B/1q/1000f", "fake/touch/64B/1q/1000f",
                 "xdp-native/drop/64B/1q/1000f", "fake/drop/64B/1q/1000f",
                 "xdp-native/touch/64B/1q/1f", "fake/touch/64B/1q/1f", "xdp-native/drop/64B/1q/1f",
                 "fake/drop/64B/1q/1f", "xdp-native/touch/512B/1q/1000f"}));
  EXPECT_EQ(all[16], "xdp-native/touch/64B/1q/1000f/10000pps");
  EXPECT_EQ(all[31], "fake/drop/512B/1q/1f/10000pps");
}

TEST_F(ScenarioTest, MixesAndIpVersionsAreAxes) {
  const auto scenario = load(R"({
    "traffic": {"frame_size": [128, "imix", "bdg"], "flows": 2, "rate": 10000},
    "backends": ["fake"]})");
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(ids(*scenario), (Ids{"fake/drop/128B/1q/2f/10000pps", "fake/drop/imix/1q/2f/10000pps",
                                 "fake/drop/bdg/1q/2f/10000pps"}));
  EXPECT_EQ(scenario->cases[0].traffic.mix, "");
  EXPECT_EQ(scenario->cases[1].traffic.mix, "imix");
  EXPECT_EQ(scenario->cases[1].traffic.frame_size, 1518u);
  EXPECT_EQ(scenario->resolved["traffic"]["frame_size"], Json::parse(R"([128, "imix", "bdg"])"));

  const auto both = load(R"({"traffic": {"ip": [6, 4]}, "backends": ["fake"]})");
  ASSERT_TRUE(both) << both.error().message;
  // The default is the shortest frame that both have.
  EXPECT_EQ(ids(*both), (Ids{"fake/drop/84B/1q/1f/ipv6", "fake/drop/84B/1q/1f"}));
  EXPECT_EQ(both->cases[0].traffic.ip, 6u);
  EXPECT_EQ(both->resolved["traffic"]["ip"], Json::parse("[6, 4]"));
}

TEST_F(ScenarioTest, IdsTellTheSameBackendApartByItsOptions) {
  const auto scenario = load(R"({"traffic": {"rate": 1.5}, "backends": [
    "fake", {"name": "fake", "noise": 0.25, "wakeup": "busy-poll"},
    {"name": "fake", "device": "a/b=c d%ü", "strict": false, "batch": 8},
    {"name": "xdp-native", "fallback": true}]})");
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(
      ids(*scenario),
      (Ids{"fake/drop/64B/1q/1f/1.5pps", "fake/drop/64B/1q/1f/1.5pps/wakeup=busy-poll/noise=0.25",
           "fake/drop/64B/1q/1f/1.5pps/device=a%2Fb%3Dc%20d%25%C3%BC/batch=8/strict=false",
           "xdp-native/drop/64B/1q/1f/1.5pps"}));
}

TEST_F(ScenarioTest, ACaseIsListedWhereTheBackendCannotDoTheWorkload) {
  const auto scenario = load(R"({"backends": ["xdp-native"], "workloads": ["reflect", "juggle"]})");
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(ids(*scenario), (Ids{"xdp-native/reflect/64B/1q/1f", "xdp-native/juggle/64B/1q/1f"}));
}

TEST_F(ScenarioTest, TheNameComesFromTheFile) {
  const std::string text = R"({"backends": ["fake"]})";
  const auto name = [&](const std::string& file) {
    return load_scenario(write(text, file), test_registry(), {})->name;
  };
  EXPECT_EQ(name("My_Test.v2.json"), "my-test-v2");
  EXPECT_EQ(name(".json"), "-json");
  EXPECT_EQ(name("ö.json"), "scenario");
  EXPECT_EQ(name(std::string(200, 'x')), std::string(64, 'x'));
}

TEST_F(ScenarioTest, AResolvedScenarioResolvesToItself) {
  const auto first = load(R"({
    "name": "fix", "traffic": {"rate": ["max", 1e5, 0.3e1, 1234.5678, 1e9], "flows": [2, 1]},
    "backends": ["xdp-native", "fake", {"name": "fake", "noise": 0.1, "loss": 1e-300}],
    "workloads": ["pass", "drop"], "method": {"duration_s": 0.3}})");
  ASSERT_TRUE(first) << first.error().message;
  const auto second =
      load_scenario(write(first->resolved.dump(2), "other.json"), test_registry(), {});
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->resolved.dump(), first->resolved.dump());
  EXPECT_EQ(second->name, first->name);
  EXPECT_EQ(second->testbeds, first->testbeds);
  EXPECT_EQ(plan_of(*second).duration_s, plan_of(*first).duration_s);
  ASSERT_EQ(ids(*second), ids(*first));
  for (std::size_t i = 0; i < first->cases.size(); ++i) {
    EXPECT_EQ(second->cases[i].backend_options, first->cases[i].backend_options);
    EXPECT_EQ(second->cases[i].generator_options, first->cases[i].generator_options);
    EXPECT_EQ(second->cases[i].rate_pps, first->cases[i].rate_pps);
  }
}

TEST_F(ScenarioTest, TheExampleInTheReadmeIsValid) {
  std::ifstream file(std::string(PKTBENCH_SCENARIOS) + "/README.md");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const std::size_t begin = text.find("```json\n");
  ASSERT_NE(begin, std::string::npos);
  const std::size_t end = text.find("```", begin + 8);
  const auto scenario = load(text.substr(begin + 8, end - begin - 8));
  ASSERT_TRUE(scenario) << scenario.error().message;
}

}  // namespace
}  // namespace pktbench
