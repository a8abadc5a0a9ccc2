#include "harness/record/fingerprint.hpp"

#include <gtest/gtest.h>

#include "harness/record/field_json.hpp"
#include "harness/sys/json_file.hpp"
#include "harness/testing/sample_test_run.hpp"

namespace pktbench {
namespace {

// On hardware, with everything known.
Json hardware_run() {
  Json run = to_json(test::sample_run());
  run["run"]["host"] = "lab1";
  Json& before = run["environment"]["before"];
  before["cpu"] = {{"model", "Example CPU"},
                   {"count", 8},
                   {"microcode", "0xb40"},
                   {"smt", "off"},
                   {"governor", "performance"}};
  before["kernel"] = {{"release", "6.1.0"},
                      {"version", "#1 SMP"},
                      {"cmdline", "BOOT_IMAGE=/vmlinuz-6.1.0 quiet isolcpus=1"}};
  before["nics"] = {{{"role", "generator"},
                     {"driver", "igb"},
                     {"driver_version", "6.1.0"},
                     {"firmware", nullptr},
                     {"model", "8086:10c9"},
                     {"bus_info", "0000:01:00.0"}},
                    {{"role", "dut"},
                     {"driver", "ixgbe"},
                     {"driver_version", "5.19"},
                     {"firmware", "0x61"},
                     {"model", "8086:1563"},
                     {"bus_info", "0000:02:00.0"}}};
  run["scenario"] = {
      {"name", "n"},
      {"description", "d"},
      {"testbed", {{"name", "nic"}, {"napi_policy", "fifo"}}},
      {"queues", {1}},
      {"method", {{"name", "throughput"}, {"trials", 5}, {"duration_s", 1.0}, {"seed", 7}}}};
  for (Json& one : run["cases"])
    one["comparable"] = {{"arrangement", "softirq"},
                         {"frame_size", "64"},
                         {"dut_port.rings", "rx=512"},
                         {"dut_port.firmware", "0x61"},
                         {"dut_port.driver", "ixgbe"}};
  return run;
}

TEST(Fingerprint, NamesWhatWasMeasuredOn) {
  const Fingerprint made = fingerprint_of(hardware_run(), false);
  EXPECT_EQ(made.host, "lab1");
  EXPECT_EQ(made.cpu, "Example CPU, 8 CPUs");
  EXPECT_EQ(made.microcode, "0xb40");
  EXPECT_EQ(made.kernel, "6.1.0 #1 SMP");
  EXPECT_EQ(made.nic, "generator 8086:10c9 0000:01:00.0, dut 8086:1563 0000:02:00.0");
  EXPECT_EQ(made.driver, "generator igb, dut ixgbe 5.19");
  EXPECT_EQ(made.firmware, "generator none, dut 0x61");
  EXPECT_EQ(made.settings,
            "arrangement=softirq; boot=quiet isolcpus=1; dut_port.rings=rx=512; "
            "governor=performance; smt=off");
  EXPECT_EQ(made.testbed, "nic");
  EXPECT_FALSE(made.is_virtual);
}

TEST(Fingerprint, HowOftenAndInWhichOrderDoesNotChangeIt) {
  const Fingerprint base = fingerprint_of(hardware_run(), false);
  Json run = hardware_run();
  run["scenario"]["name"] = "other";
  run["scenario"]["description"] = "other";
  run["scenario"]["method"]["trials"] = 50;
  run["scenario"]["method"]["seed"] = 8;
  run["scenario"]["method"]["guess"] = "c = 1e6 +- 1e4 of 2e6";
  run["scenario"]["method"]["guess_from"] = "results/yesterday";
  run["scenario"]["restarts"] = 3;
  EXPECT_EQ(different_fields(base, fingerprint_of(run, false)), std::vector<std::string>{});
  // Nor does the order of the keys.
  Json turned = Json::object();
  for (auto item = run["scenario"].rbegin(); item != run["scenario"].rend(); ++item)
    turned[item.key()] = *item;
  run["scenario"] = turned;
  EXPECT_EQ(fingerprint_of(run, false), base);
}

TEST(Fingerprint, WhatChangesTheMeasurementChangesItsField) {
  const Fingerprint base = fingerprint_of(hardware_run(), false);
  const auto changed = [&](const char* pointer, const Json& value) {
    Json run = hardware_run();
    run[Json::json_pointer(pointer)] = value;
    return different_fields(base, fingerprint_of(run, false));
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(changed("/run/host", "lab2"), Names{"host"});
  EXPECT_EQ(changed("/environment/before/cpu/count", 4), Names{"cpu"});
  EXPECT_EQ(changed("/environment/before/cpu/microcode", "0xb41"), Names{"microcode"});
  EXPECT_EQ(changed("/environment/before/cpu/governor", "powersave"), Names{"settings"});
  EXPECT_EQ(changed("/environment/before/kernel/version", "#2 SMP"), Names{"kernel"});
  EXPECT_EQ(changed("/environment/before/nics/1/firmware", "0x62"), Names{"firmware"});
  EXPECT_EQ(changed("/environment/before/nics/1/model", "8086:1"), Names{"nic"});
  EXPECT_EQ(changed("/environment/before/nics/1/driver", "out_of_tree"), Names{"driver"});
  EXPECT_EQ(changed("/cases/0/comparable/dut_port.rings", "rx=4096"), Names{"settings"});
  EXPECT_EQ(changed("/scenario/method/duration_s", 2.0), Names{"scenario"});
  EXPECT_EQ(changed("/scenario/queues", {2}), Names{"scenario"});
  EXPECT_EQ(different_fields(base, fingerprint_of(hardware_run(), true)), Names{"virtual"});
}

TEST(Fingerprint, AKernelThatIsVariedTakesItsNameFromTheCommandLineWithIt) {
  const Fingerprint base = fingerprint_of(hardware_run(), false);
  Json run = hardware_run();
  run["environment"]["before"]["kernel"] = {
      {"release", "6.6.0"},
      {"version", "#9 SMP"},
      {"cmdline", "BOOT_IMAGE=/vmlinuz-6.6.0 quiet isolcpus=1"}};
  run["environment"]["before"]["nics"][0]["driver_version"] = "6.6.0";
  const Fingerprint next = fingerprint_of(run, false);
  EXPECT_EQ(different_fields(base, next), std::vector<std::string>{"kernel"});
  EXPECT_EQ(different_fields(base, next, {"kernel"}), std::vector<std::string>{});
}

TEST(Fingerprint, TheOptionsOfASimulatedTestbedAreTheDevice) {
  Json run = hardware_run();
  run["scenario"]["testbed"] = {{"name", "simulated"}, {"capacity_pps", 2e6}, {"seed", 1}};
  const Fingerprint base = fingerprint_of(run, true);
  run["scenario"]["testbed"]["capacity_pps"] = 1.9e6;
  EXPECT_EQ(fingerprint_of(run, true), base);
}

TEST(Fingerprint, IsInTheRecordAndWhatIsNotKnownIsNull) {
  const Json run = to_json(test::sample_run());
  const Json& made = run["fingerprint"];
  EXPECT_EQ(made["host"], run["run"]["host"]);
  EXPECT_TRUE(made["nic"].is_null());
  EXPECT_TRUE(made["firmware"].is_null());
  EXPECT_EQ(made["virtual"], true);
  EXPECT_NE(made["settings"].get<std::string>().find("arrangement=isolated"), std::string::npos);
  const auto read = read_record(fingerprint_fields(), made);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(write_record(fingerprint_fields(), *read), made);
}

}  // namespace
}  // namespace pktbench
