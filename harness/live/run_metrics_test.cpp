#include "harness/live/run_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <stdexcept>

#include "harness/sys/cpu.hpp"

namespace pktbench {
namespace {

using testing::HasSubstr;
using testing::Not;

CaseSpec case_of(const std::string& backend) {
  CaseSpec spec;
  spec.id = backend + "/drop";
  spec.backend = backend;
  spec.workload = "drop";
  return spec;
}

TrialRecord trial(std::uint64_t first_queue, std::uint64_t second_queue, std::uint64_t dropped) {
  TrialRecord made;
  made.status = TrialStatus::ok;
  made.mode.effective = "native";
  made.duration_s = 0.5;
  made.received.packets = first_queue + second_queue;
  made.received.per_queue = {first_queue, second_queue};
  made.received.bytes = 60 * made.received.packets;
  made.drops["nic_ring"] = dropped;
  made.offered.packets = made.received.packets + dropped;
  made.received_pps = static_cast<double>(made.received.packets) / made.duration_s;
  made.cycles_per_packet = 800;
  made.cycles_source = "tsc";
  made.cpus = {{0, "generator", 1, 0, {}, {}, {}, {}}, {1, "dut", 0.25, 0, {}, {}, {}, {}}};
  return made;
}

std::string shown(const RunTotals& totals) {
  return prometheus::TextSerializer().Serialize(totals.families({"igb"}));
}

const std::string kOfXdp =
    "{backend=\"xdp-native\",workload=\"drop\",nic=\"igb\",mode=\"native\",case=\"xdp-native/"
    "drop\"";

TEST(RunTotals, CountersAreTheSumsOfTrialsAndGaugesTheLastOnes) {
  RunTotals totals;
  totals.add(case_of("xdp-native"), trial(100, 20, 3));
  TrialRecord last = trial(1000, 0, 0);
  last.cycles_per_packet = 700.5;
  last.unaccounted = -2;
  totals.add(case_of("xdp-native"), last);
  totals.add(case_of("dpdk"), trial(5, 5, 5));
  const std::string text = shown(totals);
  for (const char* line :
       {"pktbench_offered_packets_total@} 1123", "pktbench_packets_total@,queue=\"0\"} 1100",
        "pktbench_packets_total@,queue=\"1\"} 20", "pktbench_bytes_total@} 67200",
        "pktbench_drops_total@,place=\"nic_ring\"} 3", "pktbench_unaccounted_packets@} -2",
        "pktbench_window_seconds_total@} 1", "pktbench_trials_total@,status=\"ok\"} 2",
        "pktbench_packets_per_second@,phase=\"window\"} 2000",
        "pktbench_cycles_per_packet@,phase=\"window\",source=\"tsc\"} 700.5",
        "pktbench_cpu_busy_ratio@,role=\"dut\",cpu=\"1\"} 0.25"}) {
    std::string expected = line;
    expected.replace(expected.find('@'), 1, kOfXdp);
    EXPECT_THAT(text, HasSubstr("\n" + expected + "\n"));
  }
  EXPECT_THAT(text, HasSubstr("{backend=\"dpdk\","));
  EXPECT_THAT(text, Not(HasSubstr("pktbench_busy_cycles_per_packet{")));
}

TEST(RunTotals, PacketsOfUnknownQueuesAreInTheSum) {
  RunTotals totals;
  TrialRecord odd = trial(7, 0, 0);
  odd.received.per_queue.clear();
  totals.add(case_of("xdp-native"), odd);
  EXPECT_THAT(shown(totals), HasSubstr("\npktbench_packets_total" + kOfXdp + "} 7\n"));
}

TEST(RunTotals, AModeIsASeriesOfItsOwn) {
  RunTotals totals;
  totals.add(case_of("xdp-native"), trial(7, 0, 0));
  TrialRecord generic = trial(1, 0, 0);
  generic.mode.effective = "generic";
  totals.add(case_of("xdp-native"), generic);
  const std::string text = shown(totals);
  EXPECT_THAT(text, HasSubstr("mode=\"native\",case=\"xdp-native/drop\",queue=\"0\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("mode=\"generic\",case=\"xdp-native/drop\",queue=\"0\"} 1\n"));
}

TEST(RunTotals, AWarmUpAndBothSidesOfAFlipArePhases) {
  RunTotals totals;
  const CaseSpec spec = case_of("xdp-native");
  totals.tick(spec, {"warm-up", 0, 10});  // its mode is not known yet
  EXPECT_THAT(shown(totals), Not(HasSubstr("warm-up")));
  TrialRecord flipped = trial(30, 0, 0);
  flipped.duration_s = 0.03;
  flipped.flip.emplace();
  flipped.flip->action = "drop";
  flipped.flip->flipped_at_ms = 10;
  flipped.flip->cycles_pass = 3000;
  flipped.flip->cycles_drop = 300;
  // The one in the middle has frames of both.
  flipped.flip->series = {{9, 9, 9, 0, {}, 0}, {12, 3, 5, 1, {}, 0}, {30, 18, 36, 36, {}, 0}};
  totals.add(spec, flipped);
  totals.tick(spec, {"warm-up", 0, 12});
  const std::string text = shown(totals);
  EXPECT_THAT(text, HasSubstr(",phase=\"pass\"} 1000\n"));
  EXPECT_THAT(text, HasSubstr(",phase=\"drop\"} 2000\n"));
  EXPECT_THAT(text, HasSubstr(",phase=\"warm-up\"} 12\n"));
  EXPECT_THAT(text, HasSubstr(",phase=\"pass\",source=\"tsc\"} 3000\n"));
  EXPECT_THAT(text, HasSubstr(",phase=\"drop\",source=\"tsc\"} 300\n"));
}

// What a run does with its server.
class Said final : public MetricsServer {
 public:
  std::string url() const override { return ""; }
  void put(std::vector<prometheus::MetricFamily> families) override {
    text = prometheus::TextSerializer().Serialize(families);
  }
  Result<void> place(const std::vector<int>& cpus) override {
    placed = cpus;
    return {};
  }
  void hold() override { held = true; }
  void release() override { held = false; }
  void wait_for_reader(const StopFlag&) override {}

  std::string text;
  std::vector<int> placed;
  bool held = false;
};

class Wired final : public Testbed {
 public:
  Wired(int generator, std::vector<int> dut) {
    has_ends(generator_, dut_);
    generator_.made.cpus = {generator};
    dut_.made.cpus = std::move(dut);
    dut_.made.name = "pbdut0";
  }
  Result<void> up(const Options&, QueueRange) override { return {}; }
  Result<void> use_queues(unsigned) override { return {}; }
  Clock& clock() override { throw std::logic_error("nobody asks for it"); }
  CpuMeter& cpu_meter() override { throw std::logic_error("nobody asks for it"); }
  Result<void> down() noexcept override { return {}; }

 private:
  LocalEnd generator_;
  LocalEnd dut_;
};

TEST(RunMetrics, WithoutAThirdCpuNobodyIsAnsweredInAWindow) {
  std::vector<int> all = sys::allowed_cpus();
  const int generator = all.front();
  Said server;
  RunMetrics metrics(server);
  const Wired testbed(generator, all);
  ASSERT_TRUE(metrics.on_testbeds_up({{"", &testbed}}).ok());
  EXPECT_EQ(server.placed, std::vector{generator});
  const CaseSpec spec = case_of("xdp-native");
  metrics.on_trial_started(spec, {});
  metrics.on_tick(spec, {"warm-up", 0, 5});
  EXPECT_FALSE(server.held);
  metrics.on_window(spec);
  EXPECT_TRUE(server.held);
  ASSERT_TRUE(metrics.on_trial_ended(spec, trial(4, 0, 0), {}, false).ok());
  EXPECT_FALSE(server.held);
  EXPECT_THAT(server.text, HasSubstr("nic=\"pbdut0\""));
  EXPECT_THAT(server.text, HasSubstr("queue=\"0\"} 4\n"));
  // A trial that does not come to its end, as one that is interrupted.
  metrics.on_window(spec);
  metrics.on_end();
  EXPECT_FALSE(server.held);
}

TEST(RunMetrics, OnAThirdCpuItIsAnsweredAllTheTime) {
  const std::vector<int> all = sys::allowed_cpus();
  if (all.size() < 2) GTEST_SKIP() << "this process has one CPU";
  Said server;
  RunMetrics metrics(server);
  // To this process the generator's is the only other one.
  const Wired testbed(all.front(), {all.front()});
  ASSERT_TRUE(metrics.on_testbeds_up({{"", &testbed}}).ok());
  EXPECT_EQ(server.placed, std::vector(all.begin() + 1, all.end()));
  metrics.on_window(case_of("xdp-native"));
  EXPECT_FALSE(server.held);
}

TEST(RunMetrics, TrialsForTheRunTimeOfProgramsAreNotInTheSums) {
  Said server;
  RunMetrics metrics(server);
  TrialRecord other = trial(9, 0, 0);
  other.bpf_stats = true;
  ASSERT_TRUE(metrics.on_trial_ended(case_of("xdp-native"), other, {}, false).ok());
  EXPECT_THAT(server.text, Not(HasSubstr("} 9\n")));
}

}  // namespace
}  // namespace pktbench
