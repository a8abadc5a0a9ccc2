#include "harness/compare/recorded_run.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "harness/record/run_document.hpp"
#include "harness/testing/sample_test_run.hpp"
#include "harness/text/section.hpp"

namespace pktbench {
namespace {

// Without what makes an environment long.
Json sample() {
  static const Json whole = [] {
    Json made = to_json(test::sample_run());
    made["environment"]["after"] = nullptr;
    for (const char* key : {"flags", "mitigations"})
      made["environment"]["before"]["cpu"].erase(key);
    for (Json& one : made["cases"]) one.erase("comparable");  // as an older run has it
    return made;
  }();
  return whole;
}

std::string fault_of(const Json& json) {
  const auto run = parse_recorded_run(json.dump(), "run.json");
  if (run) return "";
  EXPECT_EQ(run.error().code, ErrorCode::invalid_input);
  return run.error().message;
}

TEST(RecordedRun, IsWhatWasWritten) {
  const auto run = parse_recorded_run(sample().dump(), "run.json");
  ASSERT_TRUE(run) << run.error().message;
  ASSERT_EQ(run->cases.size(), 5u);
  const RecordedCase& first = run->cases[0];
  EXPECT_EQ(first.id, "xdp-native/drop/64B/1q/1f");
  EXPECT_EQ(first.status, CaseStatus::ok);
  EXPECT_EQ(first.limiter, Limiter::dut);
  EXPECT_EQ(first.comparable.at("testbed"), "veth");
  EXPECT_EQ(first.comparable.at("arrangement"), "isolated");
  EXPECT_EQ(first.comparable.at("generator_batch"), "16");
  EXPECT_EQ(first.comparable.at("rate_pps"), "none");
  EXPECT_EQ(first.comparable.at("virtual"), "true");
  EXPECT_EQ(first.subject.at("mode"), "native");
  ASSERT_EQ(first.trials.size(), 5u);
  EXPECT_EQ(first.trials[2].round, 2);
  EXPECT_EQ(first.trials[2].status, TrialStatus::ok);
  EXPECT_DOUBLE_EQ(*first.trials[2].mpps, 5.15);
  EXPECT_EQ(first.trials[2].cycles_source, "tsc");
  EXPECT_DOUBLE_EQ(first.trials[2].offered_pps.value(),
                   sample()["cases"][0]["trials"][2]["offered"]["pps"]);
  const RecordedCase& mixed = run->cases[1];
  EXPECT_NE(mixed.trials[1].status, TrialStatus::ok);
  EXPECT_FALSE(mixed.trials[2].cycles_per_packet);
  EXPECT_FALSE(mixed.trials[3].mpps);
  EXPECT_EQ(run->cases[2].status, CaseStatus::unsupported);
  EXPECT_EQ(run->cases[2].reason, "the device has no XDP offload");
  EXPECT_EQ(run->environment.count("kernel"), 1u);
}

TEST(RecordedRun, ConditionsAndTheTestbedsOptionsAreReadWhereTheyAre) {
  Json json = sample();
  json["scenario"]["testbed"] = {{"name", "veth"}, {"napi_policy", "fifo"}};
  json["cases"][0]["dut_idle"] = "poll";
  Json& trials = json["cases"][0]["trials"];
  trials[0]["disturbance"] = {
      {"cpu_distance",
       {{"evidence", {{"before_ns", 90.5}, {"after_ns", 410.0}}}, {"reasons", {}}}}};
  trials[0].erase("condition");  // as an older run has it
  trials[1]["condition"] = {{"cpu_distance_ns", 95.0}, {"idle", "spin"}, {"cpu_mhz", nullptr}};
  trials[2].erase("condition");
  trials[2].erase("disturbance");
  const auto run = parse_recorded_run(json.dump(), "run.json");
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_DOUBLE_EQ(run->cases[0].trials[0].condition.cpu_distance_ns.value(), 250.25);
  EXPECT_EQ(run->cases[0].trials[0].condition.idle, "poll");
  EXPECT_DOUBLE_EQ(run->cases[0].trials[1].condition.cpu_distance_ns.value(), 95);
  EXPECT_EQ(run->cases[0].trials[1].condition.idle, "spin");
  EXPECT_FALSE(run->cases[0].trials[2].condition.cpu_distance_ns.has_value());
  EXPECT_EQ(run->cases[0].comparable.at("napi_policy"), "fifo");
  EXPECT_EQ(run->cases[0].comparable.at("dut_idle"), "poll");
  json["scenario"]["testbed"] = {{{"label", "a"}, {"napi_policy", "fifo"}},
                                 {{"label", "b"}, {"napi_policy", "other"}}};
  json["cases"][0]["testbed_label"] = "b";
  EXPECT_EQ(parse_recorded_run(json.dump(), "")->cases[0].comparable.at("napi_policy"), "other");
  json.erase("scenario");
  json["cases"][0].erase("dut_idle");
  const auto older = parse_recorded_run(json.dump(), "");
  EXPECT_EQ(older->cases[0].comparable.at("napi_policy"), "none");
  EXPECT_EQ(older->cases[0].comparable.at("dut_idle"), "none");
}

TEST(RecordedRun, ALoopSpinsThatHasNoIdleTimeAndDoesNotLimit) {
  const auto is_spinning = [](const char* limiter, double busy) {
    Json json = sample();
    Json& trial = json["cases"][0]["trials"][0];
    trial["limiter"] = limiter;
    trial["evidence"]["dut_busy"] = busy;
    return parse_recorded_run(json.dump(), "")->cases[0].trials[0].spins;
  };
  EXPECT_TRUE(is_spinning("generator", 1));
  EXPECT_TRUE(is_spinning("link", 0.995));
  EXPECT_TRUE(is_spinning("unknown", 1));
  EXPECT_FALSE(is_spinning("dut", 1));  // saturated: all of it is cost
  EXPECT_FALSE(is_spinning("generator", 0.9));
  Json json = sample();
  json["cases"][0]["trials"][0].erase("evidence");
  EXPECT_FALSE(parse_recorded_run(json.dump(), "")->cases[0].trials[0].spins);
}

TEST(RecordedRun, BusyCyclesAreThoseToldOrAllOfWhatDoesNotSpin) {
  Json json = sample();
  Json& trial = json["cases"][0]["trials"][0];
  const auto read = [&] { return parse_recorded_run(json.dump(), "")->cases[0].trials[0]; };
  trial["busy_cycles_per_packet"] = 123.0;
  EXPECT_EQ(read().busy_cycles_per_packet, 123.0);
  EXPECT_TRUE(read().tells_polls);
  trial["busy_cycles_per_packet"] = nullptr;
  trial["missing"]["busy_cycles_per_packet"] = "no loop";
  EXPECT_EQ(read().busy_cycles_per_packet, read().cycles_per_packet);
  EXPECT_FALSE(read().tells_polls);
  trial["limiter"] = "generator";
  trial["evidence"]["dut_busy"] = 1;
  EXPECT_FALSE(read().busy_cycles_per_packet) << "it spins and does not tell";
  trial.erase("busy_cycles_per_packet");
  trial["missing"].erase("busy_cycles_per_packet");
  EXPECT_FALSE(read().busy_cycles_per_packet) << "an older run";
}

// As in a record of an older version, or one that was cut down to what is compared.
TEST(RecordedRun, WhatNoComparisonReliesOnMayBeMissingOrAnything) {
  Json json = sample();
  for (const char* key : {"scenario", "ports", "pairs"}) json.erase(key);
  for (const char* key : {"finished_at", "argv", "resumed", "missing"}) json["run"].erase(key);
  for (Json& one : json["cases"]) {
    for (const char* key : {"telemetry", "label", "summary", "metrics"}) one.erase(key);
    one["mode"].erase("requested");
    for (Json& trial : one["trials"])
      for (const char* key : {"index", "started_at", "duration_s", "offered", "drops", "limiter"})
        trial.erase(key);
  }
  json["environment"]["after"] = 7;
  json["cases"][0]["trials"][0]["cpus"] = "none";
  json["cases"][0]["trials"][0]["received"] = {{"packets", -1}};
  EXPECT_EQ(fault_of(json), "");
  const auto run = parse_recorded_run(json.dump(), "");
  ASSERT_TRUE(run);
  EXPECT_DOUBLE_EQ(*run->cases[0].trials[2].mpps, 5.15);
  EXPECT_EQ(run->cases[0].subject.at("telemetry"), "none");
}

TEST(RecordedRun, WhatIsRecordedAsComparableStays) {
  Json json = sample();
  json["cases"][0]["comparable"] = {{"flows", "7"}};
  const auto run = parse_recorded_run(json.dump(), "");
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->cases[0].comparable.at("flows"), "7");
  EXPECT_EQ(run->cases[0].comparable.at("frame_size"), "64");
}

TEST(RecordedRun, EveryFaultIsNamedByItsPointer) {
  const struct {
    const char* pointer;
    Json value;
    const char* message;
  } kFaults[] = {
      {"/schema", "pktbench-run/2",
       "must be \"pktbench-run/1\", and is \"pktbench-run/2\": is this a run.json of pktbench?"},
      {"/schema", 7, "must be \"pktbench-run/1\", and is no text: is this a run.json of pktbench?"},
      {"/run/id", nullptr, "must be a string"},
      {"/run/interrupted", "no", "must be true or false"},
      {"/cases", Json::object(), "must be a list"},
      {"/cases/0", 3, "is no object"},
      {"/cases/1/id", "xdp-native/drop/64B/1q/1f",
       "is the id of an earlier case, \"xdp-native/drop/64B/1q/1f\""},
      {"/cases/0/limiter", "cpu", "must be dut, generator, link or unknown, and is \"cpu\""},
      {"/cases/0/trials", nullptr, "must be a list"},
      {"/cases/0/trials/2/round", -1, "must be a count"},
      {"/cases/0/trials/2/round", 1e30, "must be a count"},
      {"/cases/0/trials/2/mpps", "5", "must be a number, 0 to 1e+20, or null"},
      {"/cases/0/trials/2/mpps", -5, "must be a number, 0 to 1e+20, or null"},
      {"/cases/0/trials/2/mpps", 1e300, "must be a number, 0 to 1e+20, or null"},
      {"/cases/0/trials/2/offered/pps", -1, "must be a number, 0 to 1e+20, or null"},
      {"/cases/0/rate_pps", 1e300, "must be a number, above 0 and at most 1e+20, or null"},
      {"/cases/0/flows", -1, "must be a count of at least 1"},
      {"/cases/0/queues", 1e300, "must be a count of at least 1"},
      {"/cases/0/generator_batch", 0, "must be a count of at least 1"},
      {"/cases/0/frame_size", 63, "must be a count of at least 64"},
      {"/cases/0/trials/4/cycles_source", 1, "must be a string"},
      {"/cases/0/comparable", 1, "must be an object"},
      {"/cases/0/comparable/flows", 1, "must be a string"},
      {"/cases/0/trials/4", Json::array(), "is no object"},
  };
  for (const auto& fault : kFaults) {
    Json json = sample();
    json[Json::json_pointer(fault.pointer)] = fault.value;
    EXPECT_EQ(fault_of(json),
              "run.json: " + std::string(fault.pointer) + ": " + std::string(fault.message));
  }
}

TEST(RecordedRun, ANumberThatNoDoubleHoldsIsRefusedWhereverItStands) {
  for (const std::string& number : {std::string("1e999"), "-" + std::string(5000, '9')})
    for (const char* pointer :
         {"/cases/0/trials/2/mpps", "/environment/before/memory/total_bytes"}) {
      Json json = sample();
      json[Json::json_pointer(pointer)] = "NUMBER";
      std::string text = json.dump();
      text.replace(text.find("\"NUMBER\""), 8, number);
      const auto run = parse_recorded_run(text, "run.json");
      ASSERT_FALSE(run);
      EXPECT_EQ(run.error().code, ErrorCode::invalid_input);
      EXPECT_TRUE(
          run.error().message.starts_with("run.json: " + std::string(pointer) + ": the number "))
          << run.error().message;
    }
}

TEST(RecordedRun, AMissingKeyIsNamed) {
  for (const char* pointer :
       {"/run", "/run/host", "/environment", "/cases", "/cases/0/generator_batch",
        "/cases/0/mode/effective", "/cases/0/trials/0/status"}) {
    Json json = sample();
    const Json::json_pointer at(pointer);
    json[at.parent_pointer()].erase(at.back());
    EXPECT_EQ(fault_of(json), "run.json: " + std::string(pointer) + ": is missing");
  }
}

TEST(RecordedRun, ADirectoryStandsForItsRun) {
  const auto dir =
      std::filesystem::temp_directory_path() / ("pktbench-recorded-" + std::to_string(::getpid()));
  std::filesystem::create_directories(dir);
  const auto empty = read_recorded_run(dir.string());
  ASSERT_FALSE(empty);
  EXPECT_NE(empty.error().message.find("no run.json in this directory"), std::string::npos);
  std::ofstream(dir / "run.json") << sample();
  const auto run = read_recorded_run(dir.string());
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->path, (dir / "run.json").string());
  EXPECT_EQ(run->cases.size(), 5u);
  std::filesystem::remove_all(dir);
  EXPECT_NE(read_recorded_run(dir.string()).error().message.find("no such file"),
            std::string::npos);
}

// No input may crash it; what it takes must be whole.
// With fewer trials: those between are alike, and a sanitizer reads slowly.
Json short_sample() {
  Json whole = sample();
  for (Json& c : whole["cases"])
    while (c["trials"].size() > 4) c["trials"].erase(3);
  return whole;
}

TEST(RecordedRun, BrokenInputIsRefusedInOneLine) {
  const std::string whole = short_sample().dump();
  std::mt19937_64 random(4);
  for (int i = 0; i < 300; ++i) {
    const auto run = parse_recorded_run(whole.substr(0, random() % whole.size()), "run.json");
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().code, ErrorCode::invalid_input);
    EXPECT_EQ(run.error().message.find('\n'), std::string::npos);
  }
  for (int i = 0; i < 300; ++i) {
    std::string text = whole;
    text[random() % text.size()] = static_cast<char>(random());
    const auto run = parse_recorded_run(text, "run.json");
    EXPECT_TRUE(run || run.error().code == ErrorCode::invalid_input);
  }
}

// In eighths, since a sanitizer makes it minutes.
class WrongType : public ::testing::TestWithParam<int> {};

TEST_P(WrongType, NeverCrashesWhereverItIs) {
  const Json whole = short_sample();
  ASSERT_TRUE(parse_recorded_run(whole.dump(), "run.json"));
  const Json flat = whole.flatten();
  std::mt19937_64 random(5);
  const Json kOthers[] = {nullptr, true, 3, -1, 1.5, 1e300, "x", Json::array(), Json::object()};
  int number = 0, refused = 0;
  for (const auto& [pointer, value] : flat.items()) {
    if (pointer.starts_with("/environment") && random() % 4) continue;  // hardly read
    const Json& other = kOthers[random() % std::size(kOthers)];
    if (number++ % 8 != GetParam()) continue;
    Json json = whole;
    json[Json::json_pointer(pointer)] = other;
    refused += !parse_recorded_run(json.dump(), "run.json");
  }
  EXPECT_GT(refused, 6);
}

INSTANTIATE_TEST_SUITE_P(Eighths, WrongType, ::testing::Range(0, 8));

}  // namespace
}  // namespace pktbench
