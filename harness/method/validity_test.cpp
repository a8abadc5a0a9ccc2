#include "harness/method/validity.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace pktbench::method {
namespace {

constexpr std::uint64_t kWindowNs = 1'000'000'000;

// A trial of 1,000,000 frames in one second, 1,000 of them dropped with a name.
struct Made {
  TrialPlan plan;
  TrialFacts facts{.owners = {{1}, {0}, {1}},
                   .generator = "xdp-live",
                   .disturbances = {},
                   .in_window = 998'000,
                   .open_ns = kWindowNs,
                   .reference_ns = kWindowNs,
                   .reference_clock = "TSC"};
  TrialRecord record;

  Made() {
    record.duration_s = 1;
    record.offered.packets = 1'000'000;
    record.received.packets = 999'000;
    record.drops["ring_full"] = 1000;
    record.loss_ratio = 0.001;
    CpuUsage dut;
    dut.cpu = 1;
    dut.role = "dut";
    record.cpus = {dut};
  }
};

std::string judged(const std::function<void(Made&)>& change) {
  Made made;
  change(made);
  judge_trial(made.plan, made.facts, made.record);
  EXPECT_EQ(made.record.status == TrialStatus::ok, made.record.reason.empty());
  return made.record.reason;
}

TEST(Validity, AnExactAndUndisturbedTrialIsOk) {
  Made made;
  judge_trial(made.plan, made.facts, made.record);
  EXPECT_EQ(made.record.status, TrialStatus::ok);
  EXPECT_EQ(made.record.reason, "");
  EXPECT_FALSE(made.record.disturbed);
  EXPECT_DOUBLE_EQ(made.record.evidence.at("lost"), 0.001);
  EXPECT_DOUBLE_EQ(made.record.evidence.at("received_after_window"), 1.0 / 999);
  EXPECT_DOUBLE_EQ(made.record.evidence.at("clock_error"), 0);
}

TEST(Validity, AFrameWithoutTheStampThatWasAskedForIsTooMany) {
  const auto without = [](std::uint64_t frames) {
    return judged([=](Made& m) {
      m.record.latency.emplace();
      m.record.latency->stamp = "kernel";
      m.record.latency->unstamped = frames;
    });
  };
  EXPECT_EQ(without(0), "");
  EXPECT_EQ(without(1), "1 of 999000 frames came without the kernel's stamp");
}

TEST(Validity, NothingOfferedIsNoTrial) {
  EXPECT_EQ(judged([](Made& m) { m.record.offered.packets = 0; }),
            "generator xdp-live offered nothing");
}

TEST(Validity, OneFrameAboveTheToleranceIsTooMany) {
  EXPECT_EQ(judged([](Made& m) { m.record.unaccounted = 1; }),
            "1 of 1000000 frames are unaccounted for");
  EXPECT_EQ(judged([](Made& m) { m.record.unaccounted = -1; }),
            "1 frames more were counted than were offered");
  EXPECT_EQ(judged([](Made& m) { m.record.received.foreign = 1; }),
            "1 frames of somebody else arrived");
  for (const std::int64_t n : {5, -5})
    EXPECT_EQ(judged([&](Made& m) {
                m.plan.tolerance_packets = 5;
                m.record.unaccounted = n;
                m.record.received.foreign = 5;
              }),
              "");
}

TEST(Validity, WhatATestbedMayLoseUnnamedIsAShareAndNeverASurplus) {
  const auto with = [](std::int64_t unaccounted) {
    return judged([&](Made& m) {
      m.facts.unnamed_loss = 1e-5;
      m.record.unaccounted = unaccounted;
    });
  };
  EXPECT_EQ(with(10), "");
  EXPECT_EQ(with(11), "11 of 1000000 frames are unaccounted for");
  EXPECT_EQ(with(-1), "1 frames more were counted than were offered");
}

TEST(Validity, AClockThatIsOffByMoreThanAThousandthSpoilsTheRate) {
  const auto with = [](double factor) {
    return judged([&](Made& m) {
      m.facts.open_ns = static_cast<std::uint64_t>(factor * static_cast<double>(kWindowNs));
    });
  };
  EXPECT_EQ(with(1.001), "");
  EXPECT_EQ(with(0.999), "");
  EXPECT_EQ(with(1.01), "the clock ran 1.0% fast against TSC");
  EXPECT_EQ(with(0.99), "the clock ran 1.0% slow against TSC");
}

TEST(Validity, OthersOnTheDutsCpuDisturb) {
  Made made;
  made.record.cpus[0].classes[static_cast<std::size_t>(CpuClass::foreign)] = 0.04;
  judge_trial(made.plan, made.facts, made.record);
  EXPECT_EQ(made.record.status, TrialStatus::ok);
  EXPECT_DOUBLE_EQ(made.record.evidence.at("dut_foreign"), 0.04);
  made.record.cpus[0].steal = 0.02;
  judge_trial(made.plan, made.facts, made.record);
  EXPECT_TRUE(made.record.disturbed);
  EXPECT_EQ(made.record.reason,
            "disturbed: others had 4.0% of CPU 1, devices' interrupts 0.0%, and the hypervisor "
            "took 2.0%");
}

// Paced at 1,600,000 pps, of which 600,000 were not sent.
void leave_unsent(Made& m, double foreign, double steal = 0) {
  m.record.target_pps = 1.6e6;
  m.record.offered.unsent = 600'000;
  CpuUsage generator;
  generator.role = "generator";
  generator.classes[static_cast<std::size_t>(CpuClass::foreign)] = foreign;
  generator.steal = steal;
  m.record.cpus.push_back(generator);
}

TEST(Validity, AGeneratorThatOthersStarvedDisturbs) {
  Made made;
  leave_unsent(made, 0.75, 0.04);
  judge_trial(made.plan, made.facts, made.record);
  EXPECT_EQ(made.record.status, TrialStatus::invalid);
  EXPECT_TRUE(made.record.disturbed);
  EXPECT_EQ(made.record.reason,
            "disturbed: starved generator: others had 79.0% of CPU 0, and 37.5% of the frames due "
            "were not sent");
  EXPECT_DOUBLE_EQ(made.record.evidence.at("unsent"), 0.375);
  EXPECT_DOUBLE_EQ(made.record.evidence.at("generator_foreign"), 0.79);
}

TEST(Validity, AGeneratorThatIsSlowByItselfDoesNotDisturb) {
  EXPECT_EQ(judged([](Made& m) { leave_unsent(m, 0.05); }), "");
  EXPECT_NE(judged([](Made& m) { leave_unsent(m, 0.051); }), "");
  // Not paced, or few unsent, or the scenario's limit is higher: nothing is wrong with others
  // there.
  EXPECT_EQ(judged([](Made& m) {
              leave_unsent(m, 0.9);
              m.record.target_pps.reset();
            }),
            "");
  EXPECT_EQ(judged([](Made& m) {
              leave_unsent(m, 0.9);
              m.record.offered.unsent = 10'000;
            }),
            "");
  EXPECT_EQ(judged([](Made& m) {
              leave_unsent(m, 0.9);
              m.plan.max_unsent = 0.375;
            }),
            "");
  // Without telemetry nobody can say who had the CPU.
  EXPECT_EQ(judged([](Made& m) {
              leave_unsent(m, 0.9);
              m.record.cpus.clear();
            }),
            "");
}

TEST(Validity, ADisturbanceGoesBeforeTheCountsThatItSpoiled) {
  Made made;
  made.facts.disturbances = {{"link", "the link went down"}, {"throttling", "a CPU was throttled"}};
  made.record.unaccounted = 7;
  judge_trial(made.plan, made.facts, made.record);
  EXPECT_TRUE(made.record.disturbed);
  EXPECT_EQ(made.record.disturbed_by, (std::set<std::string>{"link", "throttling"}));
  EXPECT_FALSE(made.record.conserved);
  EXPECT_EQ(made.record.reason,
            "disturbed: the link went down; a CPU was throttled; 7 of 1000000 frames are "
            "unaccounted for");
}

TEST(Validity, AWindowThatTookLongerThanPlannedIsDisturbed) {
  const auto took = [](double seconds, double planned) {
    return judged([&](Made& m) {
      m.plan.duration_s = planned;
      m.facts.open_ns = m.facts.reference_ns = static_cast<std::uint64_t>(seconds * 1e9);
    });
  };
  EXPECT_EQ(took(1.049, 1), "");
  EXPECT_EQ(took(2.2, 1),
            "disturbed: the window took 2.2 s instead of 1 s: pktbench was stopped or got no CPU");
  // A busy host wakes whoever sleeps a little late, however short the window.
  EXPECT_EQ(took(0.059, 0.01), "");
  EXPECT_NE(took(0.061, 0.01), "");
  EXPECT_EQ(took(10.4, 10), "");
  EXPECT_NE(took(10.6, 10), "");
  Made made;
  made.facts.open_ns = made.facts.reference_ns = 3 * kWindowNs;
  judge_trial(made.plan, made.facts, made.record);
  EXPECT_TRUE(made.record.disturbed);
  EXPECT_TRUE(made.record.conserved);
  made.plan.max_overrun = 1000;
  made.record = Made().record;
  judge_trial(made.plan, made.facts, made.record);
  EXPECT_EQ(made.record.status, TrialStatus::ok);
}

TEST(Validity, SaysHowADutIsLimited) {
  Made made;
  made.record.drops["ring_full"] = 100'000;
  made.record.received.packets = 900'000;
  made.record.cpus[0].busy = 1;
  judge_trial(made.plan, made.facts, made.record);
  EXPECT_EQ(made.record.limiter, Limiter::dut);
  EXPECT_EQ(made.record.dut_limited_by, "cycles");
  made.record.cpus[0].busy = 0.86;
  judge_trial(made.plan, made.facts, made.record);
  EXPECT_EQ(made.record.limiter, Limiter::dut);
  EXPECT_EQ(made.record.dut_limited_by, "wake-ups");
  // Others had most of that CPU.
  made.record.cpus[0].busy = 1;
  made.record.cpus[0].classes[static_cast<std::size_t>(CpuClass::foreign)] = 0.9;
  judge_trial(made.plan, made.facts, made.record);
  EXPECT_EQ(made.record.limiter, Limiter::unknown);
  EXPECT_EQ(made.record.dut_limited_by, "");
}

TEST(Validity, ATrialThatEndedBeforeItsWindowIsDisturbed) {
  TrialRecord record;
  judge_windowless({{"a", "frames of others"}, {"b", "more of them"}}, record);
  EXPECT_EQ(record.status, TrialStatus::invalid);
  EXPECT_TRUE(record.disturbed);
  EXPECT_EQ(record.reason, "disturbed: frames of others; more of them");
  judge_windowless({}, record);
  EXPECT_EQ(record.reason,
            "disturbed: the frames sent first kept coming long after they were sent");
}

}  // namespace
}  // namespace pktbench::method
