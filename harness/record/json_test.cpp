#include "harness/record/json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>

#include "harness/record/fields.hpp"
#include "harness/record/run_document.hpp"
#include "harness/testing/sample_test_run.hpp"
#include "harness/text/section.hpp"

namespace pktbench {
namespace {

using test::kVeth;
using test::sample_case;
using test::sample_gap;
using test::sample_trial;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Keys may be added; none of these goes.
void expect_keys(const Json& object, const std::string& contract) {
  std::istringstream words(contract);
  for (std::string key; words >> key;) EXPECT_TRUE(object.contains(key)) << key;
}

TEST(TrialJson, HasTheKeysOfTheContract) {
  const Json t = to_json(sample_trial(0));
  expect_keys(
      t,
      "index round order started_at status reason disturbed disturbed_by conserved condition "
      "warmup_s duration_s drain_s "
      "offered received drops "
      "unaccounted loss_ratio mpps ns_per_packet cycles_per_packet cycles_source limiter "
      "evidence cpus disturbance mode missing");
  expect_keys(t["offered"], "packets bytes pps target_pps unsent refused");
  expect_keys(t["received"], "packets bytes pps foreign per_queue details");
  expect_keys(t["mode"], "requested effective details");
  expect_keys(t["cpus"][0], "cpu role busy user system softirq steal idle classes");
  expect_keys(t["cpus"][0]["classes"],
              "idle application napi softirq softirq_other interrupt generator control foreign");
}

TEST(TrialJson, WhatDisturbedIsKeptAndReadBack) {
  TrialRecord t = sample_trial(0);
  EXPECT_EQ(to_json(t)["disturbance"], Json::object());
  t.disturbance["link"] =
      DisturbanceFinding{{{"pbdut0.carrier_changes", 2}}, {"the link of pbdut0 went"}};
  t.disturbance["frequency"] = std::nullopt;
  t.missing["disturbance.frequency"] = "no cpufreq";
  const Json written = to_json(t);
  EXPECT_EQ(written["disturbance"]["link"]["evidence"]["pbdut0.carrier_changes"], 2);
  EXPECT_EQ(written["disturbance"]["frequency"], nullptr);
  const auto read = read_record(trial_fields(), written);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(*read), written);
}

TEST(TrialJson, ConditionAndDisturbanceAreReadBackAndNotMissedInOlderRecords) {
  TrialRecord t = sample_trial(0);
  t.disturbed_by = {"cpu", "window"};
  t.conserved = false;
  Json written = to_json(t);
  EXPECT_EQ(written["condition"],
            Json({{"cpu_distance_ns", 92.0}, {"idle", "spin"}, {"cpu_mhz", nullptr}}));
  EXPECT_EQ(written["missing"]["condition.cpu_mhz"], "the kernel does not tell it");
  EXPECT_EQ(written["evidence"]["dut_limited_by"], "cycles");
  EXPECT_FALSE(written.contains("in_summary"));
  const auto read = read_record(trial_fields(), written);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(*read), written);
  for (const char* key : {"condition", "disturbed_by", "conserved"}) written.erase(key);
  const auto older = read_record(trial_fields(), written);
  ASSERT_TRUE(older) << older.error().message;
  EXPECT_TRUE(older->conserved);
  t.in_summary = true;
  EXPECT_EQ(to_json(t)["in_summary"], true);
}

TEST(TrialJson, OneWithBpfStatisticsIsMarkedAndReadBack) {
  TrialRecord t = sample_trial(0);
  EXPECT_FALSE(to_json(t).contains("bpf_run_time"));
  t.bpf_stats = true;
  t.bpf_run_time = {4, 130};
  Json written = to_json(t);
  EXPECT_EQ(written["bpf_run_time"], Json({{"runs", 4}, {"ns", 130}, {"ns_per_run", 32.5}}));
  auto read = read_record(trial_fields(), written);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->bpf_stats);
  EXPECT_EQ(read->bpf_run_time->runs, 4u);
  EXPECT_EQ(read->bpf_run_time->ns, 130u);

  t.bpf_run_time = {};
  written = to_json(t);
  EXPECT_EQ(written["bpf_run_time"]["runs"], nullptr);
  EXPECT_TRUE(written["missing"].contains("bpf_run_time.ns_per_run"));
  read = read_record(trial_fields(), written);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->bpf_stats);
  EXPECT_FALSE(read->bpf_run_time);
}

TEST(CaseJson, BpfRunTimeIsOfItsOwnTrialsOnly) {
  CaseResult c = sample_case("xdp-native", {1000, 1000, 1000});
  EXPECT_EQ(to_json(c, kVeth)["bpf_run_time"], nullptr);
  c.bpf_stats = true;
  c.bpf_reason = "the kernel has none";
  Json none = to_json(c, kVeth)["bpf_run_time"];
  EXPECT_EQ(none["ns_per_run"], nullptr);
  EXPECT_EQ(none["reason"], "the kernel has none");

  c.bpf_reason.clear();
  for (const std::uint64_t ns : {100u, 300u, 200u}) {
    c.bpf_trials.push_back(sample_trial(static_cast<int>(3 + c.bpf_trials.size())));
    c.bpf_trials.back().bpf_stats = true;
    c.bpf_trials.back().bpf_run_time = {10, ns};
  }
  c.bpf_trials.push_back(c.bpf_trials.back());
  c.bpf_trials.back().status = TrialStatus::invalid;
  c.bpf_trials.back().bpf_run_time = {1, 1'000'000};
  const Json made = to_json(c, kVeth);
  EXPECT_EQ(made["bpf_run_time"]["ns_per_run"]["n"], 3);
  EXPECT_EQ(made["bpf_run_time"]["ns_per_run"]["median"], 20);
  EXPECT_EQ(made["bpf_run_time"]["reason"], nullptr);
  EXPECT_EQ(made["bpf_run_time"]["trials"].size(), 4u);
  EXPECT_EQ(made["trials"].size(), 3u);
  EXPECT_EQ(made["summary"]["mpps"]["n"], 3);
}

TEST(TrialJson, HasTheValuesOfTheRecord) {
  const Json t = to_json(sample_trial(3, 5'000'000, 50'000));
  EXPECT_EQ(t["index"], 3);
  EXPECT_EQ(t["status"], "ok");
  EXPECT_EQ(t["reason"], nullptr);
  EXPECT_EQ(t["offered"]["bytes"], 5'000'000 * 60);
  EXPECT_EQ(t["offered"]["target_pps"], nullptr);
  EXPECT_EQ(t["received"]["packets"], 4'950'000);
  EXPECT_EQ(t["drops"], Json({{"veth_ring_full", 50'000}}));
  EXPECT_EQ(t["loss_ratio"], 0.01);
  EXPECT_EQ(t["mpps"], 4.95);
  EXPECT_EQ(t["cpus"][1]["idle"], 0.01);
  EXPECT_EQ(t["cpus"][1]["user"], nullptr);
  EXPECT_EQ(t["missing"]["cpus.1.user"], "/proc/stat did not move");
}

TEST(TrialJson, ALoadAsHighAsPossibleIsNothingMissing) {
  EXPECT_FALSE(to_json(sample_trial(0))["missing"].contains("offered.target_pps"));
}

TEST(TrialJson, ANumberThatIsNotFiniteIsNullWithAReason) {
  TrialRecord t = sample_trial(0);
  t.mpps = kNaN;
  t.ns_per_packet = kInfinity;
  t.cycles_per_packet = -kInfinity;
  t.evidence["ratio"] = kNaN;
  t.drain_s = kNaN;
  t.target_pps = kInfinity;
  t.cpus[0].busy = kNaN;
  t.cpus[1].classes[0] = kNaN;
  t.received_pps = 1e300;
  t.disturbance["link"] = DisturbanceFinding{{{"speed", kInfinity}}, {}};
  const Json made = to_json(t);
  const std::string text = dump_json(made, -1);
  EXPECT_EQ(text.find("nan"), std::string::npos);
  EXPECT_EQ(text.find("inf"), std::string::npos);
  for (const char* path :
       {"mpps", "ns_per_packet", "cycles_per_packet", "evidence.ratio", "drain_s",
        "offered.target_pps", "cpus.0.busy", "cpus.1.idle", "cpus.1.classes.idle", "received.pps",
        "disturbance.link.evidence.speed"})
    EXPECT_EQ(made["missing"][path], kNoNumber) << path;
  EXPECT_EQ(made["disturbance"]["link"]["evidence"]["speed"], nullptr);
  EXPECT_EQ(made["mpps"], nullptr);
  EXPECT_EQ(made["cpus"][1]["classes"]["idle"], nullptr);
  // The source of cycles that do not exist does not exist either.
  EXPECT_EQ(made["cycles_source"], nullptr);
  EXPECT_TRUE(made["missing"].contains("cycles_source"));
}

TEST(SummaryJson, AnIntervalThatIsNotFiniteIsNullWithAReason) {
  Summary summary = summarize({1, 2, 3, 4, 5, 6});
  summary.ci95->hi = kInfinity;
  const Json made = to_json(summary);
  EXPECT_EQ(made["ci95"], nullptr);
  EXPECT_EQ(made["reason"], "no reason was recorded");
}

TEST(TrialJson, TheRunnersReasonIsKept) {
  TrialRecord t = sample_trial(0);
  t.cycles_per_packet.reset();
  t.missing["cycles_per_packet"] = "nothing was received";
  EXPECT_EQ(to_json(t)["missing"]["cycles_per_packet"], "nothing was received");
}

TEST(TrialJson, WhatATrialDidNotMeasureIsNotZero) {
  TrialRecord t;
  t.reason = "the generator died";
  const Json made = to_json(t);
  EXPECT_EQ(made["status"], "failed");
  for (const char* key : {"packets", "bytes", "unsent", "refused"})
    EXPECT_EQ(made["offered"][key], nullptr);
  for (const char* key : {"packets", "bytes", "foreign", "per_queue"})
    EXPECT_EQ(made["received"][key], nullptr);
  EXPECT_EQ(made["unaccounted"], nullptr);
  EXPECT_EQ(made["missing"]["received.packets"], "the trial ended before this was measured");
}

TEST(TrialJson, ATrialWithoutAWindowMeasuredNothing) {
  TrialRecord t;
  t.status = TrialStatus::invalid;
  t.reason = "disturbed: frames of others";
  const Json made = to_json(t);
  EXPECT_EQ(made["offered"]["packets"], nullptr);
  EXPECT_EQ(made["received"]["packets"], nullptr);
  EXPECT_EQ(made["unaccounted"], nullptr);
  EXPECT_EQ(made["missing"]["mpps"], "the trial ended before this was measured");
}

TEST(TrialJson, WhateverIsNotOkHasAReason) {
  TrialRecord t = sample_trial(0);
  t.status = TrialStatus::invalid;
  EXPECT_EQ(to_json(t)["reason"], "no reason was recorded");
}

TEST(TrialJson, ReadingIsTheInverseOfWriting) {
  TrialRecord odd = sample_trial(7);
  odd.status = TrialStatus::invalid;
  odd.reason = "2 frames more than were sent";
  odd.unaccounted = -2;
  odd.target_pps = 5e6;
  odd.received.details = {{"malformed", 3}, {"ok", 4}};
  odd.received.per_queue = {1, 18'446'744'073'709'551'615u};
  odd.received.foreign = 9;
  odd.returned = {1000, 990, 1, {{"veth_return_ring_full", 12}}, -3};
  odd.evidence["x"] = kNaN;
  odd.cpus[0].busy = kNaN;
  odd.limiter = Limiter::link;
  odd.mode = {"zerocopy", "copy", {{"wakeup", "poll \"\n\xc3\xa9"}}};
  TrialRecord failed;
  failed.reason = "x";
  TrialRecord windowless = failed;
  windowless.status = TrialStatus::invalid;
  for (const TrialRecord& record : {sample_trial(0), odd, failed, windowless, TrialRecord()}) {
    const Json written = to_json(record);
    const auto read = read_record(trial_fields(), Json::parse(dump_json(written, -1)));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(to_json(*read), written);
  }
}

TEST(TrialJson, ReadingNamesTheValueAtFault) {
  const Json good = to_json(sample_trial(0));
  const auto fault = [&good](const char* pointer, const Json& value) {
    Json bad = good;
    bad[Json::json_pointer(pointer)] = value;
    const auto read = read_record(trial_fields(), bad);
    EXPECT_FALSE(read.ok()) << pointer;
    return read ? "" : read.error().message;
  };
  EXPECT_EQ(fault("/mpps", "fast"), "/mpps: must be a number, 0 to 1e+20, or null");
  EXPECT_EQ(fault("/mpps", -1), "/mpps: must be a number, 0 to 1e+20, or null");
  EXPECT_EQ(fault("/mpps", 1e300), "/mpps: must be a number, 0 to 1e+20, or null");
  EXPECT_EQ(fault("/loss_ratio", 1.5), "/loss_ratio: must be a number, 0 to 1, or null");
  EXPECT_EQ(fault("/evidence/x", -1e300),
            "/evidence/x: must be a number, -1e+20 to 1e+20, or null");
  EXPECT_EQ(fault("/round", -1), "/round: must be a count");
  EXPECT_EQ(fault("/index", 4'294'967'296), "/index: must be a count");
  EXPECT_EQ(fault("/unaccounted", 18'446'744'073'709'551'615u), "/unaccounted: must be an integer");
  EXPECT_EQ(fault("/offered/packets", -1), "/offered/packets: must be a count");
  EXPECT_EQ(fault("/received/per_queue", {1, "x"}), "/received/per_queue/1: must be a count");
  EXPECT_EQ(fault("/drops/ring", 1.5), "/drops/ring: must be a count");
  EXPECT_EQ(fault("/status", "fine"), "/status: must be ok, invalid or failed, and is \"fine\"");
  EXPECT_EQ(fault("/cpus/1/classes/napi", true),
            "/cpus/1/classes/napi: must be a number, 0 to 1.01, or null");
  EXPECT_EQ(fault("/cpus", 3), "/cpus: must be a list");
  EXPECT_EQ(fault("/mode", nullptr), "/mode: is no object");
  EXPECT_EQ(fault("/missing", Json::array()), "/missing: must be an object");
  Json without = good;
  without.erase("duration_s");
  EXPECT_EQ(read_record(trial_fields(), without).error().message, "/duration_s: is missing");
  for (const Json& nonsense : {Json(), Json(3), Json("x"), Json::array(), Json::object()})
    EXPECT_FALSE(read_record(trial_fields(), nonsense).ok());
}

TEST(CaseJson, HasTheKeysOfTheContract) {
  const Json made = to_json(sample_case("xdp-native", {5'000'000}), kVeth);
  expect_keys(
      made,
      "id backend backend_options label telemetry workload workload_options testbed "
      "testbed_label arrangement dut_idle generator generator_options generator_batch frame_size "
      "flows queues rate_pps mode status reason limiter condition virtual "
      "trials summary bpf_run_time");
  expect_keys(made["summary"], "mpps ns_per_packet cycles_per_packet");
  expect_keys(made["summary"]["mpps"], "n median mean ci95 confidence interval_method cov reason");
  EXPECT_EQ(made["backend_options"], Json({{"attach", "native"}}));
  EXPECT_EQ(made["generator_options"], Json({{"batch", 16}, {"cold", false}}));
  EXPECT_EQ(made["generator_batch"], 16);
  EXPECT_EQ(made["arrangement"], "isolated");
  EXPECT_EQ(made["rate_pps"], nullptr);
  EXPECT_EQ(made["testbed_label"], nullptr);
}

TEST(CaseJson, SummariesTakeOkTrialsOnly) {
  CaseResult c = sample_case("xdp-native", {1'000'000, 2'000'000, 9'000'000, 3'000'000});
  c.trials[2].status = TrialStatus::invalid;
  c.trials[2].reason = "unaccounted";
  c.trials[3].cycles_per_packet = kNaN;
  const Json summary = to_json(c, kVeth)["summary"];
  EXPECT_EQ(summary["mpps"]["n"], 3);
  EXPECT_DOUBLE_EQ(summary["mpps"]["median"].get<double>(), 1.95);
  EXPECT_EQ(summary["mpps"]["ci95"], nullptr);
  EXPECT_EQ(summary["mpps"]["confidence"], nullptr);
  EXPECT_EQ(summary["mpps"]["interval_method"], nullptr);
  EXPECT_EQ(summary["mpps"]["reason"], "an interval needs 5 values, there are 3");
  EXPECT_EQ(summary["cycles_per_packet"]["n"], 2);
}

TEST(CaseJson, FiveTrialsCarryTheirIntervalAndItsRealCoverage) {
  const auto c = sample_case("xdp-native", {1'050'000, 2'050'000, 3'050'000, 4'050'000, 5'050'000});
  const Json mpps = to_json(c, kVeth)["summary"]["mpps"];
  EXPECT_EQ(mpps["ci95"], Json::array({1.0, 5.0}));
  EXPECT_EQ(mpps["confidence"], 0.9375);
  EXPECT_EQ(mpps["interval_method"], "order-statistics");
  EXPECT_EQ(mpps["reason"], nullptr);
}

TEST(CaseJson, ACaseThatNeverRanHasNoSummaryAndNamesItsBackendAsTheModeAsked) {
  const Json made =
      to_json(sample_gap("xdp-offload", CaseStatus::unsupported, "no offload"), {"nic", "", false});
  EXPECT_EQ(made["summary"], nullptr);
  EXPECT_EQ(made["reason"], "no offload");
  EXPECT_EQ(made["arrangement"], nullptr);
  EXPECT_EQ(made["virtual"], false);
  EXPECT_EQ(
      made["mode"],
      Json({{"requested", "xdp-offload"}, {"effective", nullptr}, {"details", Json::object()}}));
}

TEST(RunJson, HasTheKeysOfTheContract) {
  const Json made = to_json(test::sample_run());
  expect_keys(made, "schema run environment scenario cases pairs");
  expect_keys(made["run"],
              "id tool_version git_commit host started_at finished_at argv interrupted resumed "
              "missing");
  expect_keys(made["environment"], "before after");
}

TEST(RunJson, GapsHaveReasons) {
  RunDocument run = test::sample_run();
  run.git_commit.clear();
  run.environment_after = nullptr;
  const Json made = to_json(run);
  EXPECT_EQ(made["run"]["git_commit"], nullptr);
  EXPECT_EQ(made["run"]["missing"]["git_commit"], "built from a tree without git");
  EXPECT_EQ(made["run"]["missing"]["environment.after"], "it was not captured");
}

TEST(DumpJson, WhateverAHostIsCalledIsValidUtf8WithoutControlCharacters) {
  const Json json = {{"host", "a\xff\x1b[2J"}, {"label\x07", {"x\ny", "größe"}}, {"n", 1}};
  const Json read = Json::parse(dump_json(json, -1));
  EXPECT_EQ(read,
            Json({{"host", "a\\xff\\u001b[2J"}, {"label\\u0007", {"x\ny", "größe"}}, {"n", 1}}));
  // What was written is what a resumed run compares with.
  EXPECT_EQ(read, cleaned(json));
  EXPECT_EQ(cleaned(read), read);
}

}  // namespace
}  // namespace pktbench
