// Every way a scenario can be wrong, with the line the user sees.
#include <gtest/gtest.h>

#include "harness/runner/scenario_test_util.hpp"

namespace pktbench {
namespace {

using ScenarioError = ScenarioFiles;

// A scenario that is right but for one member.
std::string with(const std::string& member) { return R"({"backends": ["fake"], )" + member + "}"; }
std::string fake_with(const std::string& options) {
  return R"({"backends": ["xdp-native", {"name": "fake", )" + options + "}]}";
}
std::string backends(const std::string& list) { return R"({"backends": )" + list + "}"; }

TEST_F(ScenarioError, NotAnObject) {
  EXPECT_EQ(error_of("[]"), "FILE: expected an object, not an array");
  EXPECT_EQ(error_of("null"), "FILE: expected an object, not null");
  EXPECT_EQ(error_of("\"a\\nb\""), "FILE: expected an object, not \"a\\nb\"");
  EXPECT_EQ(error_of("[]", {.set = {"/queues=1"}, .trials = 3}),
            "FILE: expected an object, not an array");
}

TEST_F(ScenarioError, FilesThatAreNoJson) {
  EXPECT_EQ(error_of(""), "FILE: the file is empty");
  EXPECT_EQ(error_of(R"({"backends": ["fake"], "queues": 1e999})"),
            "FILE: /queues: the number 1e999 is too large");
  EXPECT_EQ(error_of(R"({"backends": ["fake"], "backends": []})"),
            "FILE: /backends: duplicate key \"backends\"");
  EXPECT_EQ(error_of(R"({"backends": ["fake"])"),
            "FILE: line 1, column 22: not valid JSON: unexpected end of input; expected '}'");
  const auto missing = load_scenario("no/such.json", test_registry(), {});
  EXPECT_EQ(missing.error().message, "no/such.json: no such file");
}

TEST_F(ScenarioError, UnknownKeys) {
  EXPECT_EQ(error_of(R"({"backend": ["fake"]})"),
            "FILE: /backend: unknown key \"backend\"; did you mean \"backends\"?");
  EXPECT_EQ(error_of(with(R"("threads": 1)")),
            "FILE: /threads: unknown key \"threads\"; valid: name, description, testbed, queues, "
            "traffic, backends, workloads, filter, method, restarts, cases");
  EXPECT_EQ(error_of(with(R"("traffic": {"frame-size": 64})")),
            "FILE: /traffic/frame-size: unknown key \"frame-size\"; did you mean \"frame_size\"?");
  EXPECT_EQ(error_of(with(R"("testbed": {"name": "veth", "dut-cpu": 1})")),
            "FILE: /testbed/dut-cpu: unknown key \"dut-cpu\"; did you mean \"dut_cpu\"?");
  EXPECT_EQ(error_of(with(R"("method": {"name": "throughput", "duration": 1})")),
            "FILE: /method/duration: unknown key \"duration\"; did you mean \"duration_s\"?");
  EXPECT_EQ(error_of(backends(R"([{"name": "udp-recvfrom", "batch": 1}])")),
            "FILE: /backends/0/batch: unknown key \"batch\"; valid: name, label, telemetry");
  EXPECT_EQ(error_of(fake_with(R"("wake": 1)")),
            "FILE: /backends/1/wake: unknown key \"wake\"; did you mean \"wakeup\"?");
  EXPECT_EQ(error_of(with(R"("a/b~c\n\u001b": 1)")).substr(0, 51),
            "FILE: /a~1b~0c\\n\\u001b: unknown key \"a/b~c\\n\\u001b\"");
}

TEST_F(ScenarioError, UnknownNames) {
  EXPECT_EQ(error_of(backends(R"(["fake", {"name": "xdp-natve"}])")),
            "FILE: /backends/1/name: unknown backend \"xdp-natve\"; did you mean \"xdp-native\"?");
  EXPECT_EQ(error_of(backends(R"(["dpdk"])")),
            "FILE: /backends/0: unknown backend \"dpdk\"; valid: udp-recvfrom, udp-recvmmsg, "
            "xdp-generic, xdp-native, fake");
  EXPECT_EQ(error_of(with(R"("testbed": "veht")")),
            "FILE: /testbed: unknown testbed \"veht\"; did you mean \"veth\"?");
  EXPECT_EQ(error_of(with(R"("testbed": [{"label": "a"}, {"label": "b", "name": "veht"}])")),
            "FILE: /testbed/1/name: unknown testbed \"veht\"; did you mean \"veth\"?");
  EXPECT_EQ(error_of(with(R"("testbed": [{"label": "a"}, "veth"])")),
            "FILE: /testbed/1/label: each of several testbeds needs a label of 1 to 32 bytes");
  EXPECT_EQ(error_of(with(R"("testbed": [{"label": "a"}, {"label": "a", "dut_cpu": 1}])")),
            "FILE: /testbed/1/label: the same as an earlier testbed's");
  EXPECT_EQ(
      error_of(with(R"("testbed": [{"label": "a"}, {"label": "b", "name": "simulated"}])")),
      "FILE: /testbed/1/name: testbeds of one scenario are of one type, and an earlier one is "
      "veth");
  EXPECT_EQ(error_of(with(R"("testbed": [])")), "FILE: /testbed: the list is empty");
  EXPECT_EQ(error_of(with(R"("testbed": {"label": "a"})")),
            "FILE: /testbed/label: unknown key \"label\"; valid: name, arrangement, generator_cpu, "
            "dut_cpu, napi_policy");
  EXPECT_EQ(error_of(with(R"("traffic": {"generator": {"name": "xdplive"}})")),
            "FILE: /traffic/generator/name: unknown generator \"xdplive\"; did you mean "
            "\"xdp-live\"?");
  EXPECT_EQ(error_of(with(R"("workloads": ["drop", "tuch"])")),
            "FILE: /workloads/1: unknown workload \"tuch\"; did you mean \"touch\"?");
  EXPECT_EQ(error_of(with(R"("workloads": "fly")")),
            "FILE: /workloads: unknown workload \"fly\"; valid: drop, touch, parse, count-per-ip, "
            "filter, reflect, pass, juggle");
  EXPECT_EQ(error_of(with(R"("method": "search")")),
            "FILE: /method: unknown method \"search\"; valid: throughput");
  EXPECT_EQ(error_of(fake_with(R"("wakeup": "busypoll")")),
            "FILE: /backends/1/wakeup: unknown wakeup \"busypoll\"; did you mean \"busy-poll\"?");
}

TEST_F(ScenarioError, BackendsAreRequired) {
  EXPECT_EQ(error_of("{}"), "FILE: /backends: missing: a list of at least one backend");
  EXPECT_EQ(error_of(backends("[]")), "FILE: /backends: the list is empty");
  EXPECT_EQ(error_of(backends(R"("fake")")),
            "FILE: /backends: expected a list of backends, not \"fake\"");
  EXPECT_EQ(error_of(backends("[7]")),
            "FILE: /backends/0: expected the name of a backend or an object with a name, not 7");
  EXPECT_EQ(error_of(backends(R"(["fake", {"batch": 1}])")),
            "FILE: /backends/1/name: missing; valid: udp-recvfrom, udp-recvmmsg, xdp-generic, "
            "xdp-native, fake");
  EXPECT_EQ(error_of(backends(R"([{"name": null}])")),
            "FILE: /backends/0/name: expected a string, not null; valid: udp-recvfrom, "
            "udp-recvmmsg, xdp-generic, xdp-native, fake");
}

TEST_F(ScenarioError, WrongTypes) {
  EXPECT_EQ(error_of(with(R"("name": 5)")), "FILE: /name: expected a string, not 5");
  EXPECT_EQ(error_of(with(R"("description": ["x"])")),
            "FILE: /description: expected a string, not an array");
  EXPECT_EQ(error_of(with(R"("testbed": true)")),
            "FILE: /testbed: expected the name of a testbed or an object with a name, not true");
  EXPECT_EQ(error_of(with(R"("queues": 1.0)")), "FILE: /queues: expected an integer, not 1.0");
  EXPECT_EQ(error_of(with(R"("queues": [1, "2"])")),
            "FILE: /queues/1: expected an integer, not \"2\"");
  EXPECT_EQ(error_of(with(R"("traffic": "max")")),
            "FILE: /traffic: expected an object, not \"max\"");
  EXPECT_EQ(error_of(with(R"("traffic": {"frame_size": [64, 512.0]})")),
            "FILE: /traffic/frame_size/1: expected an integer, not 512.0");
  EXPECT_EQ(error_of(with(R"("traffic": {"flows": "1"})")),
            "FILE: /traffic/flows: expected an integer, not \"1\"");
  EXPECT_EQ(error_of(with(R"("traffic": {"rate": null})")),
            "FILE: /traffic/rate: expected a number, not null");
  EXPECT_EQ(error_of(with(R"("traffic": {"rate": ["max", "1M"]})")),
            "FILE: /traffic/rate/1: expected \"max\" or packets per second, not \"1M\"");
  EXPECT_EQ(error_of(with(R"("workloads": {})")),
            "FILE: /workloads: expected a string, not an object; valid: drop, touch, parse, "
            "count-per-ip, filter, reflect, pass, juggle");
  EXPECT_EQ(error_of(with(R"("method": 3)")),
            "FILE: /method: expected the name of a method or an object with a name, not 3");
  EXPECT_EQ(error_of(with(R"("method": {"duration_s": "1"})")),
            "FILE: /method/duration_s: expected a number, not \"1\"");
  EXPECT_EQ(error_of(fake_with(R"("strict": 1)")),
            "FILE: /backends/1/strict: expected true or false, not 1");
  EXPECT_EQ(error_of(fake_with(R"("batch": 16.0)")),
            "FILE: /backends/1/batch: expected an integer, not 16.0");
  EXPECT_EQ(error_of(fake_with(R"("noise": false)")),
            "FILE: /backends/1/noise: expected a number, not false");
  EXPECT_EQ(error_of(fake_with(R"("device": 0)")),
            "FILE: /backends/1/device: expected a string, not 0");
  EXPECT_EQ(error_of(fake_with(R"("wakeup": {})")),
            "FILE: /backends/1/wakeup: expected a string, not an object; valid: poll, busy-poll");
}

TEST_F(ScenarioError, TheFiltersPorts) {
  const auto ports = [&](const std::string& value) {
    return error_of(with(R"("workloads": ["filter"], "filter": {"udp_ports": )" + value + "}"));
  };
  EXPECT_EQ(ports("[9, 65536]"), "FILE: /filter/udp_ports/1: must be 0 to 65535, not 65536");
  EXPECT_EQ(ports("-1"), "FILE: /filter/udp_ports: must be 0 to 65535, not -1");
  EXPECT_EQ(ports("[\"dns\"]"), "FILE: /filter/udp_ports/0: expected an integer, not \"dns\"");
  EXPECT_EQ(ports("[53, 9, 53]"),
            "FILE: /filter/udp_ports/2: the same as an earlier one in the list");
  EXPECT_EQ(ports("[]"), "FILE: /filter/udp_ports: the list is empty");
  EXPECT_EQ(error_of(with(R"("workloads": ["filter"], "filter": [9])")),
            "FILE: /filter: expected an object, not an array");
  EXPECT_EQ(error_of(with(R"("workloads": ["filter"], "filter": {"udp_port": 9})")),
            "FILE: /filter/udp_port: unknown key \"udp_port\"; did you mean \"udp_ports\"?");
  EXPECT_EQ(error_of(with(R"("filter": {"udp_ports": [9]})")),
            "FILE: /filter: none of the workloads is \"filter\"");
}

TEST_F(ScenarioError, OutOfRange) {
  EXPECT_EQ(error_of(with(R"("queues": 0)")), "FILE: /queues: must be 1 to 64, not 0");
  EXPECT_EQ(error_of(with(R"("queues": 65)")), "FILE: /queues: must be 1 to 64, not 65");
  EXPECT_EQ(error_of(with(R"("queues": [1, 65])")), "FILE: /queues/1: must be 1 to 64, not 65");
  EXPECT_EQ(error_of(with(R"("queues": [])")), "FILE: /queues: the list is empty");
  EXPECT_EQ(error_of(with(R"("queues": [2, 2])")),
            "FILE: /queues/1: the same as an earlier one in the list");
  EXPECT_EQ(error_of(with(R"("queues": -9223372036854775808)")),
            "FILE: /queues: must be 1 to 64, not -9223372036854775808");
  EXPECT_EQ(error_of(with(R"("queues": 18446744073709551615)")),
            "FILE: /queues: the number 18446744073709551615 is too large");
  EXPECT_EQ(error_of(with(R"("traffic": {"frame_size": 63})")),
            "FILE: /traffic/frame_size: must be 64 to 9018, not 63");
  EXPECT_EQ(error_of(with(R"("traffic": {"frame_size": [64, 9019]})")),
            "FILE: /traffic/frame_size/1: must be 64 to 9018, not 9019");
  EXPECT_EQ(error_of(with(R"("traffic": {"flows": 65537})")),
            "FILE: /traffic/flows: must be 1 to 65536, not 65537");
  EXPECT_EQ(error_of(with(R"("traffic": {"rate": 0.5})")),
            "FILE: /traffic/rate: must be 1 to 1000000000, not 0.5");
  EXPECT_EQ(error_of(with(R"("traffic": {"rate": 1e300})")),
            "FILE: /traffic/rate: must be 1 to 1000000000, not 1e+300");
  EXPECT_EQ(error_of(with(R"("method": {"trials": 100001})")),
            "FILE: /method/trials: must be 1 to 100000, not 100001");
  EXPECT_EQ(error_of(with(R"("method": {"warmup_s": -0.1})")),
            "FILE: /method/warmup_s: must be 0 to 3600, not -0.1");
  EXPECT_EQ(error_of(with(R"("method": {"duration_s": 0})")),
            "FILE: /method/duration_s: must be 0.01 to 86400, not 0");
  EXPECT_EQ(error_of(with(R"("method": {"tolerance_packets": -1})")),
            "FILE: /method/tolerance_packets: must be 0 to 1000000000000, not -1");
  EXPECT_EQ(error_of(fake_with(R"("batch": 257)")),
            "FILE: /backends/1/batch: must be 1 to 256, not 257");
  EXPECT_EQ(error_of(fake_with(R"("loss": 1.25)")),
            "FILE: /backends/1/loss: must be at most 1, not 1.25");
}

TEST_F(ScenarioError, TextThatIsNoName) {
  const std::string rule =
      "FILE: /name: must be 1 to 64 lower-case letters, digits and dashes, not ";
  EXPECT_EQ(error_of(with(R"("name": "")")), rule + "\"\"");
  EXPECT_EQ(error_of(with(R"("name": "A b")")), rule + "\"A b\"");
  EXPECT_EQ(error_of(with(R"("name": "../x")")), rule + "\"../x\"");
  EXPECT_EQ(error_of(with("\"name\": \"" + std::string(65, 'a') + "\"")),
            rule + "\"" + std::string(37, 'a') + "...\"");
  EXPECT_EQ(error_of(with(R"("description": "a\u0000b")")),
            "FILE: /description: control characters are not allowed in \"a\\u0000b\"");
  EXPECT_EQ(error_of(with("\"description\": \"" + std::string(1001, 'a') + "\"")),
            "FILE: /description: longer than 1000 bytes");
  EXPECT_EQ(error_of(fake_with("\"device\": \"" + std::string(256, 'a') + "\"")),
            "FILE: /backends/1/device: longer than 255 bytes");
}

TEST_F(ScenarioError, TheSameTwice) {
  const std::string same = ": the same as an earlier one in the list";
  EXPECT_EQ(error_of(backends(R"(["fake", "xdp-native", "fake"])")), "FILE: /backends/2" + same);
  EXPECT_EQ(error_of(backends(R"(["fake", {"name": "fake", "noise": 0.5}])")),
            "FILE: /backends/1" + same);
  EXPECT_EQ(
      error_of(with(R"("traffic": {"frame_size": "imyx"})")),
      "FILE: /traffic/frame_size: expected bytes, \"imix\" or a genome of 1 to 64 letters a to g "
      "(RFC 6985: 64 to 1518 bytes), not \"imyx\"");
  EXPECT_EQ(error_of(with(R"("traffic": {"frame_size": ["imix", "imix"]})")),
            "FILE: /traffic/frame_size/1" + same);
  EXPECT_EQ(error_of(with(R"("traffic": {"ip": 5})")), "FILE: /traffic/ip: must be 4 or 6, not 5");
  EXPECT_EQ(error_of(with(R"("traffic": {"ip": [4, 6], "frame_size": [128, 64]})")),
            "FILE: /traffic/frame_size: an IPv6 test frame has 84 bytes at least, not 64: set it "
            "to 84 or "
            "more");
  EXPECT_EQ(error_of(with(R"("traffic": {"ip": 6, "frame_size": "imix"})")),
            "FILE: /traffic/frame_size: an IPv6 test frame has 84 bytes at least, and imix has "
            "some of 64: use a "
            "genome of the letters b to g, such as \"bbbbbbbddddg\"");
  EXPECT_EQ(error_of(with(R"("traffic": {"frame_size": [64, 65, 64]})")),
            "FILE: /traffic/frame_size/2" + same);
  EXPECT_EQ(error_of(with(R"("traffic": {"flows": [1, 1]})")), "FILE: /traffic/flows/1" + same);
  EXPECT_EQ(error_of(with(R"("traffic": {"rate": [10, "max", 1e1]})")),
            "FILE: /traffic/rate/2" + same);
  EXPECT_EQ(error_of(with(R"("workloads": ["drop", "drop"])")), "FILE: /workloads/1" + same);
  EXPECT_EQ(error_of(with(R"("workloads": [])")), "FILE: /workloads: the list is empty");
}

TEST_F(ScenarioError, TheFirstOfSeveralIsNamed) {
  EXPECT_EQ(error_of(R"({"queues": 0, "traffic": {"flows": 0}, "backends": ["x"]})"),
            "FILE: /queues: must be 1 to 64, not 0");
}

TEST_F(ScenarioError, TooManyCases) {
  std::string flows = "1";
  for (int i = 2; i <= 5001; ++i) flows.append(",").append(std::to_string(i));
  const std::string text =
      R"({"traffic": {"flows": [)" + flows + R"(]}, "backends": ["fake", "xdp-native"]})";
  EXPECT_EQ(error_of(text),
            "FILE: 1 rates x 1 frame sizes x 1 IP versions x 1 queue counts x 5001 flow counts x 1 "
            "workloads "
            "x 2 backends x 1 testbeds make "
            "10002 cases; at most 10000 are allowed");
  EXPECT_EQ(error_of(text, {.backends = {"fake"}}), "");
}

TEST_F(ScenarioError, OneSessionNeedsOneCase) {
  const std::string text = R"({"backends": ["fake", "xdp-native"], "method": {"restart": false}})";
  EXPECT_EQ(error_of(text),
            "FILE: /method: \"restart\": false needs a scenario of one case, and this has 2: they "
            "take turns on the device");
  EXPECT_EQ(error_of(text, {.backends = {"fake"}}), "");
}

TEST_F(ScenarioError, LinesStayShort) {
  const std::string huge(100'000, 'x');
  for (const std::string& text :
       {with("\"" + huge + "\": 1"), with("\"name\": \"" + huge + "\""),
        backends("[\"" + huge + "\"]"), fake_with("\"" + huge + "\": 1"), "{" + huge}) {
    const std::string line = error_of(text);
    EXPECT_FALSE(line.empty());
    EXPECT_LT(line.size(), 480u) << line;
  }
}

}  // namespace
}  // namespace pktbench
