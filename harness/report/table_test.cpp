#include "harness/report/table.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/method/throughput.hpp"
#include "harness/testing/sample_test_run.hpp"
#include "harness/text/text_table.hpp"

namespace pktbench {
namespace {

using test::kVeth;
using test::sample_case;
using test::sample_gap;

const MethodType& throughput() {
  static const MethodType kMethod = method::throughput_method();
  return kMethod;
}

TEST(Table, ShowsEveryCaseWithItsFigureOrItsReason) {
  std::vector<CaseResult> cases = {
      sample_case("xdp-native", {5'100'000, 5'000'000, 5'200'000, 5'050'000, 5'150'000}),
      sample_case("xdp-generic", {3'000'000, 3'100'000, 3'050'000}),
      sample_gap("xdp-offload", CaseStatus::unsupported, "the device has no XDP offload"),
      sample_case("af_xdp", {2'000'000}),
  };
  cases[0].limiter = Limiter::generator;
  cases[1].trials[2].status = TrialStatus::invalid;
  cases[1].mode = {"native", "generic", {}};
  cases[3].status = CaseStatus::invalid;
  cases[3].trials[0].status = TrialStatus::invalid;
  cases[3].reason = "3 frames are unaccounted for";
  EXPECT_EQ(
      result_table(cases, throughput(), kVeth, {}),
      R"(case                        mode              Mpps       95% CI  ns/packet  cycles/packet  loss %  limiter     ok  status
xdp-native/drop/64B/1q/1f   native          ≥5.050  4.950–5.150      196.0            510    0.98  generator  5/5  ok
xdp-generic/drop/64B/1q/1f  native→generic   3.000            -      330.1            858    1.64  dut        2/3  ok
xdp-offload/drop/64B/1q/1f  -               unsupported: the device has no XDP offload
af_xdp/drop/64B/1q/1f       native          invalid (0/1 ok): 3 frames are unaccounted for

Mpps: median of the ok trials; 95% CI: of that median, by order statistics (covers 93.8% with 5 trials).
≥: limited by the generator or the link, a lower bound for the DUT.
Cycles: on-CPU time × TSC frequency (tsc) of every CPU that worked for the DUT, at the load it had.
In no figure: 1 trial that is not ok; run.json has the reason of each.
-: no value; run.json has the reason.
Testbed: veth, arrangement isolated; virtual, so that the figures say nothing about hardware.
)");
}

TEST(Table, WhoTouchesTheFrameIsSaidWhereBothKindsDropSideBySide) {
  std::vector<CaseResult> cases = {sample_case("udp-recvmmsg", {900'000}),
                                   sample_case("xdp-native", {5'000'000}),
                                   sample_case("af_xdp", {2'000'000})};
  cases[0].spec.reads_tag = true;
  const auto said = [&] {
    std::string table = result_table(cases, throughput(), kVeth, {});
    std::replace(table.begin(), table.end(), '\n', ' ');
    return table;
  };
  const std::string note =
      "drop is not the same work for all: each frame's tag is read by udp-recvmmsg; nothing of a "
      "frame is read by the programs and loops of xdp-native, af_xdp, which tell others' frames "
      "from "
      "the trial's only by their number.";
  EXPECT_NE(said().find(note), std::string::npos) << said();
  // Both kinds, but one is shown with another workload, or without a figure.
  cases[0].spec.workload = "touch";
  EXPECT_EQ(said().find("drop is not"), std::string::npos);
  cases[0] = sample_gap("udp-recvmmsg", CaseStatus::unsupported, "none");
  cases[0].spec.reads_tag = true;
  EXPECT_EQ(said().find("drop is not"), std::string::npos);
}

TEST(Table, ExplainsOnlyWhatItShows) {
  std::vector<CaseResult> cases = {sample_case("dpdk", std::vector<std::uint64_t>(10, 14'000'000))};
  for (TrialRecord& trial : cases[0].trials) trial.cycles_source = "pmu";
  EXPECT_EQ(
      result_table(cases, throughput(), {"nic", "", false}, {}),
      R"(case                 mode      Mpps         95% CI  ns/packet  cycles/packet  loss %  limiter     ok  status
dpdk/drop/64B/1q/1f  native  13.950  13.950–13.950       71.0            185    0.36  dut      10/10  ok

Mpps: median of the ok trials; 95% CI: of that median, by order statistics (covers 95.0% with 10 trials).
Cycles: core cycles (pmu) of every CPU that worked for the DUT, at the load it had.
Testbed: nic.
)");
}

TEST(Table, TheConditionIsSaidAndWhatIsLeftOutForItIsCounted) {
  std::vector<CaseResult> cases = {
      sample_case("dpdk", {4'050'000, 4'050'000, 4'050'000, 8'000'000})};
  for (TrialRecord& trial : cases[0].trials) trial.in_summary = true;
  cases[0].trials[3].in_summary = false;
  cases[0].other_condition = 1;
  cases[0].condition = {.cpu_distance_ns = 420, .idle = "spin"};
  const std::string table = result_table(cases, throughput(), kVeth, {});
  EXPECT_NE(table.find("\nCondition: CPUs far apart: 420 ns; idle CPUs spin.\nTrials in another "
                       "condition, kept and not in the figures: 1.\n"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("  4.000  "), std::string::npos) << table;
}

TEST(Table, PauseFramesAndNotesOnCountsAreSaid) {
  std::vector<CaseResult> cases = {sample_case("dpdk", {4'000, 4'000})};
  for (TrialRecord& trial : cases[0].trials) trial.notes = {"igb's rx_x went back from 9 to 2"};
  TestbedFacts facts{"nic", "softirq", false};
  for (const auto& [name, pause] : {std::pair{"eth0", "autoneg=on rx=on tx=off"},
                                    {"eth1", "autoneg=on rx=on tx=on"},
                                    {"eth2", "autoneg=on rx=off tx=off"}}) {
    PortReport& port = facts.ports.emplace_back();
    port.interface = name;
    port.pause = pause;
  }
  const std::string table = result_table(cases, throughput(), facts, {});
  EXPECT_NE(table.find("\nPause frames are on at eth0 (rx), eth1 (rx, tx): "), std::string::npos)
      << table;
  EXPECT_EQ(table.find("eth2"), std::string::npos);
  const std::string note = "\nigb's rx_x went back from 9 to 2.\n";
  ASSERT_NE(table.find(note), std::string::npos) << table;
  EXPECT_EQ(table.find(note), table.rfind(note));
}

TEST(Table, CasesInUnequalConditionsAreToldApart) {
  std::vector<CaseResult> cases = {sample_case("dpdk", {4'000}), sample_case("af_xdp", {4'000})};
  cases[0].condition = {.cpu_distance_ns = 420};
  cases[1].condition = {.cpu_distance_ns = 92};
  const std::string table = result_table(cases, throughput(), kVeth, {});
  EXPECT_NE(table.find("\nCondition of dpdk/drop/64B/1q/1f: CPUs far apart: 420 ns.\n"),
            std::string::npos);
  EXPECT_NE(table.find("\nCondition of af_xdp/drop/64B/1q/1f: CPUs near: 92 ns.\n"),
            std::string::npos);
}

TEST(Table, ADisturbedCaseHasItsFigureWithTheWordAndTheShare) {
  std::vector<CaseResult> cases = {sample_case("dpdk", {4'050'000, 4'050'000})};
  cases[0].status = CaseStatus::disturbed;
  cases[0].reason = "none of 2 rounds was undisturbed";
  for (TrialRecord& t : cases[0].trials) {
    t.status = TrialStatus::invalid;
    t.disturbed = true;
    t.disturbed_by = {"cpu"};
    t.in_summary = true;
    t.evidence["dut_foreign"] = 0.2;
    t.evidence["dut_steal"] = 0.01;
  }
  const std::string table = result_table(cases, throughput(), kVeth, {});
  EXPECT_NE(table.find("  4.000  "), std::string::npos) << table;
  EXPECT_NE(table.find("  0/2  disturbed 21%\n"), std::string::npos) << table;
  EXPECT_NE(table.find("\nMpps: median of the ok or disturbed trials.\n"), std::string::npos);
  EXPECT_NE(table.find("\ndisturbed: no trial of dpdk/drop/64B/1q/1f was undisturbed; do not rely "
                       "on their figures.\n"),
            std::string::npos)
      << table;
}

TEST(Table, ADutThatIsWokenLateIsSaidToBe) {
  std::vector<CaseResult> cases = {sample_case("dpdk", {4'000, 4'000, 4'000})};
  EXPECT_EQ(result_table(cases, throughput(), kVeth, {}).find("wake-ups"), std::string::npos);
  cases[0].trials[0].dut_limited_by = cases[0].trials[1].dut_limited_by = "wake-ups";
  const std::string table = result_table(cases, throughput(), kVeth, {});
  EXPECT_NE(table.find("  dut (wake-ups)  "), std::string::npos) << table;
  EXPECT_NE(table.find("\nwake-ups: frames were lost while the DUT's CPU had time to spare"),
            std::string::npos);
}

TEST(Table, EmulatedDevicesAreNamed) {
  const std::vector<CaseResult> cases = {sample_case("xdp-generic", {4'000})};
  EXPECT_NE(result_table(cases, throughput(), {"nic", "", true, "QEMU (tcg)"}, {})
                .find("\nTestbed: nic; on devices emulated by QEMU (tcg): the counts prove the "
                      "function, the figures say nothing about hardware.\n"),
            std::string::npos);
}

TEST(Table, ALinkThatLimitsIsALowerBoundToo) {
  std::vector<CaseResult> cases = {sample_case("xdp-native", {1'538'095})};
  cases[0].limiter = Limiter::link;
  EXPECT_NE(result_table(cases, throughput(), kVeth, {}).find("≥1.488"), std::string::npos);
}

TEST(Table, ALossTooSmallForItsDigitsIsNotShownAsNone) {
  CaseResult c = sample_case("xdp-native", {5'000'000});
  c.trials[0].loss_ratio = 1e-7;
  EXPECT_NE(result_table({c}, throughput(), kVeth, {}).find("  <0.01  "), std::string::npos);
  c.trials[0].loss_ratio = 0;
  EXPECT_NE(result_table({c}, throughput(), kVeth, {}).find("  0.00  "), std::string::npos);
}

TEST(Table, CyclesOfTwoSourcesAreNotToBeCompared) {
  std::vector<CaseResult> cases = {sample_case("xdp-native", {5'000'000}),
                                   sample_case("xdp-generic", {5'000'000})};
  cases[1].trials[0].cycles_source = "pmu";
  EXPECT_NE(result_table(cases, throughput(), kVeth, {})
                .find("\nCycles from pmu and tsc must not be compared.\n"),
            std::string::npos);
}

TEST(Table, AnOkCaseWithoutAnOkTrialShowsNoFigure) {
  const std::string table = result_table({sample_case("xdp-native", {})}, throughput(), kVeth, {});
  EXPECT_NE(table.find("native  ok: no trial of it is ok\n"), std::string::npos);
}

TEST(Table, ColoursOnlyWhenAsked) {
  const std::vector<CaseResult> cases = {sample_case("xdp-native", {5'000'000}),
                                         sample_gap("dpdk", CaseStatus::failed, "x")};
  EXPECT_EQ(result_table(cases, throughput(), kVeth, {}).find('\033'), std::string::npos);
  const std::string coloured = result_table(cases, throughput(), kVeth, {.colour = true});
  EXPECT_EQ(coloured.find("\033[1mcase"), 0u);
  EXPECT_NE(coloured.find("\n\033[32mxdp-native"), std::string::npos);
  EXPECT_NE(coloured.find("\n\033[31mdpdk"), std::string::npos);
  EXPECT_NE(coloured.find("failed: x\033[0m\n"), std::string::npos);
}

TEST(Table, AReasonCannotBreakTheLineOrMoveTheCursor) {
  const std::string table = result_table({sample_gap("dpdk", CaseStatus::failed, "a\nb\033[2Jc")},
                                         throughput(), kVeth, {});
  EXPECT_EQ(table.find('\033'), std::string::npos);
  EXPECT_EQ(table.find("a\nb"), std::string::npos);
}

TEST(Table, ACaseThatWasInterruptedSaysHowFarItCame) {
  std::vector<CaseResult> cases = {
      sample_case("xdp-native", {5'000'000}), sample_case("af_xdp", {2'000'000}),
      sample_gap("dpdk", CaseStatus::interrupted, "interrupted before its first trial ended"),
      sample_case("xdp-generic", {3'000'000, 3'000'000, 3'000'000})};
  for (CaseResult& c : cases) c.rounds_planned = 3;
  cases[0].rounds_done = cases[1].rounds_done = 1;
  cases[3].rounds_done = 3;
  cases[1].status = CaseStatus::invalid;
  cases[1].trials[0].status = TrialStatus::invalid;
  cases[1].reason = "3 frames are unaccounted for";
  const std::string table = result_table(cases, throughput(), kVeth, {});
  EXPECT_NE(table.find("  1/1  interrupted, 1 of 3\n"), std::string::npos) << table;
  EXPECT_NE(table.find("  invalid (0/1 ok), interrupted, 1 of 3: 3 frames are unaccounted for\n"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("  interrupted, 0 of 3: no trial of it had ended\n"), std::string::npos)
      << table;
  EXPECT_NE(table.find("  3/3  ok\n"), std::string::npos) << table;
  EXPECT_NE(table.find("\ninterrupted: so many of the rounds asked for were made"),
            std::string::npos);
  cases[1].decided = true;  // it says itself why
  EXPECT_NE(result_table({cases[1]}, throughput(), kVeth, {})
                .find("  invalid (0/1 ok): 3 frames are unaccounted for\n"),
            std::string::npos);
}

TEST(Table, ATerminalOf80ColumnsGetsWhatMattersAndIsToldOfTheRest) {
  const std::vector<CaseResult> cases = {
      sample_case("udp-recvmmsg", {300'000, 310'000, 305'000, 302'000, 303'000}),
      sample_case("xdp-native", {5'000'000, 5'100'000, 5'200'000, 5'050'000, 5'150'000})};
  const std::string table = result_table(cases, throughput(), kVeth, {.columns = 80});
  EXPECT_EQ(table.find("case           Mpps       95% CI  cycles/packet  loss %  limiter   ok  "
                       "status\nudp-recvmmsg "),
            0u)
      << table;
  EXPECT_NE(
      table.find("\nEvery name in the column case ends in /drop/64B/1q/1f.\n"
                 "Left out to fit 80 columns: mode, ns/packet. In full: run.json, or COLUMNS=200\n"
                 "before the command.\n"),
      std::string::npos)
      << table;
}

}  // namespace
}  // namespace pktbench
