#include "harness/record/comparable.hpp"

#include <gtest/gtest.h>

#include "harness/sys/json_file.hpp"
#include "harness/testing/sample_test_run.hpp"

namespace pktbench {
namespace {

Json nic(const std::string& role, const std::string& driver) {
  return Json({{"role", role},
               {"name", role + "0"},
               {"driver", driver},
               {"firmware", nullptr},
               {"queues", {{"rx", 0}, {"combined", 4}, {"max", {{"combined", 8}}}}},
               {"rings", {{"rx", 512}, {"tx", 256}, {"max", {{"rx", 4096}}}}},
               {"coalescing", {{"rx_usecs", 3}, {"adaptive_rx", false}}},
               {"speed_mbps", 10'000},
               {"pcie", {{"speed", "8.0 GT/s PCIe"}, {"width", 4}, {"max", {{"width", 8}}}}},
               {"udp4_hash", "sd"},
               {"pause", {{"autoneg", false}, {"rx", true}, {"tx", true}}}});
}

// Two NICs, and a case on either.
Json two_nics() {
  Json run = to_json(test::sample_run());
  run["scenario"]["testbed"] = {{{"name", "nic"}, {"label", "intel"}, {"napi_policy", "fifo"}},
                                {{"name", "nic"}, {"label", "realtek"}, {"napi_policy", "fifo"}}};
  run["environment"]["before"]["nics"] = {nic("generator", "igb"), nic("dut", "ixgbe"),
                                          nic("generator", "igb"), nic("dut", "r8169")};
  run["ports"] = {
      {{"testbed_label", "realtek"},
       {"role", "dut"},
       {"settings",
        {{{"setting", "mtu"}, {"after", "1500"}},
         {{"setting", "pause"}, {"before", "rx=on"}, {"after", "autoneg=off rx=off tx=off"}}}}}};
  run["cases"][0]["testbed_label"] = "intel";
  run["cases"][1]["testbed_label"] = "realtek";
  for (Json& one : run["cases"]) one.erase("comparable");  // an older run has none
  return run;
}

TEST(Comparable, IsOfTheCaseItsTestbedAndItsPorts) {
  const Json run = two_nics();
  const Comparable made = comparable_of(run, run["cases"][1]);
  EXPECT_EQ(made, (Comparable{{"testbed", "veth"},
                              {"arrangement", "isolated"},
                              {"dut_idle", "none"},
                              {"virtual", "true"},
                              {"emulator", "none"},
                              {"napi_policy", "fifo"},
                              {"generator", "live-frames"},
                              {"generator_options", R"({"batch":16,"cold":false})"},
                              {"generator_batch", "16"},
                              {"frame_size", "64"},
                              {"frame_mix", "none"},
                              {"ip", "4"},  // older runs know no other
                              {"flows", "1"},
                              {"rate_pps", "2200000.0"},
                              {"method", "throughput"},
                              {"restart", "true"},
                              {"dut_port.driver", "r8169"},
                              {"dut_port.queues", "rx=0 combined=4"},
                              {"dut_port.rings", "rx=512 tx=256"},
                              {"dut_port.coalescing", "rx_usecs=3 adaptive_rx=false"},
                              {"dut_port.link", "10000"},
                              {"dut_port.pcie", "speed=8.0 GT/s PCIe width=4"},
                              {"dut_port.hash", "sd"},
                              {"dut_port.pause", "autoneg=false rx=true tx=true"},
                              {"generator_port.driver", "igb"},
                              {"generator_port.queues", "rx=0 combined=4"},
                              {"generator_port.rings", "rx=512 tx=256"},
                              {"generator_port.coalescing", "rx_usecs=3 adaptive_rx=false"},
                              {"generator_port.link", "10000"},
                              {"generator_port.pcie", "speed=8.0 GT/s PCIe width=4"},
                              {"generator_port.hash", "sd"},
                              {"generator_port.pause", "autoneg=false rx=true tx=true"}}));
  EXPECT_EQ(comparable_of(run, run["cases"][0]).at("dut_port.driver"), "ixgbe");
}

// Of an older run the environment has no pause: what the scenario set is known.
TEST(Comparable, PauseOfAnOlderRunIsWhatWasSet) {
  Json run = two_nics();
  for (Json& one : run["environment"]["before"]["nics"]) one.erase("pause");
  const Comparable made = comparable_of(run, run["cases"][1]);
  EXPECT_EQ(made.at("dut_port.pause"), "autoneg=off rx=off tx=off");
  EXPECT_FALSE(made.contains("generator_port.pause"));
}

TEST(Comparable, DelaysOfTwoStampsAreNotAlike) {
  Json run = two_nics();
  EXPECT_FALSE(comparable_of(run, run["cases"][1]).contains("stamp"));
  run["scenario"]["method"] = {{"name", "latency"}};
  EXPECT_EQ(comparable_of(run, run["cases"][1]).at("stamp"), "software");
  run["scenario"]["method"]["stamp"] = "kernel";
  EXPECT_EQ(comparable_of(run, run["cases"][1]).at("stamp"), "kernel");
}

// Each of what a port has, by itself.
TEST(Comparable, ADifferenceInAnyOfAPortsPartsIsSeen) {
  const std::vector<std::pair<const char*, Json>> parts = {
      {"driver", "other"},           {"firmware", "1.2"},
      {"speed_mbps", 2500},          {"pcie", {{"speed", "5.0 GT/s PCIe"}, {"width", 1}}},
      {"queues", {{"combined", 2}}}, {"udp4_hash", "sdfn"},
      {"rings", {{"rx", 4096}}},     {"coalescing", {{"rx_usecs", 0}}},
      {"pause", {{"rx", false}}}};
  const Json run = two_nics();
  const Comparable was = comparable_of(run, run["cases"][1]);
  for (const auto& [key, value] : parts) {
    Json changed = run;
    changed["environment"]["before"]["nics"][3][key] = value;
    std::vector<std::string> differ;
    const Comparable is = comparable_of(changed, changed["cases"][1]);
    for (const auto& [name, text] : is)
      if (!was.contains(name) || was.at(name) != text) differ.push_back(name);
    ASSERT_EQ(differ.size(), 1u) << key;
    EXPECT_TRUE(differ[0].starts_with("dut_port.")) << differ[0];
    EXPECT_NE(difference_in(differ[0]), Difference::obstacle);
  }
}

// One start shows one state of the machine: its trials are not those of many.
TEST(Comparable, AKeptSessionIsNotComparedWithNewOnes) {
  Json run = two_nics();
  run["scenario"]["method"]["restart"] = false;
  EXPECT_EQ(comparable_of(run, run["cases"][0]).at("restart"), "false");
  EXPECT_EQ(difference_in("restart"), Difference::obstacle);
}

TEST(Comparable, IsWrittenAndWhatIsWrittenStays) {
  Json run = to_json(test::sample_run());
  Json& one = run["cases"][0];
  ASSERT_TRUE(one.contains("comparable"));
  Json bare = one;
  bare.erase("comparable");
  EXPECT_EQ(one["comparable"].get<Comparable>(), comparable_of(run, bare));
  one["frame_size"] = 1518;
  one["comparable"]["of_a_later_version"] = "x";
  one["comparable"].erase("flows");
  const Comparable made = comparable_of(run, one);
  EXPECT_EQ(made.at("frame_size"), "64");
  EXPECT_EQ(made.at("of_a_later_version"), "x");
  EXPECT_EQ(made.at("flows"), "1");
}

TEST(Comparable, OnlyPortsMayDiffer) {
  EXPECT_EQ(difference_in("dut_port.driver"), Difference::subject);
  EXPECT_EQ(difference_in("generator_port.driver"), Difference::subject);
  for (const char* name :
       {"firmware", "link", "pcie", "queues", "hash", "rings", "coalescing", "pause"})
    EXPECT_EQ(difference_in("dut_port." + std::string(name)), Difference::warning);
  for (const auto& [name, value] : comparable_of(Json(), Json()))
    EXPECT_EQ(difference_in(name), Difference::obstacle) << name;
}

}  // namespace
}  // namespace pktbench
