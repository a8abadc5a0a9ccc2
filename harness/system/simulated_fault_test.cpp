// Seeded faults: a whole run with each of them must say so, with an exact figure, and never be ok.
#include "harness/system/simulated_run.hpp"

namespace pktbench::cli {
namespace {

class SimulatedFault : public SimulatedRun {
 protected:
  // The case of a run with one case, in which no trial may be ok.
  CaseResult faulty(const Scenario& s) {
    RunOutcome outcome = run(s);
    EXPECT_EQ(outcome.cases.size(), 1u);
    CaseResult& c = outcome.cases.at(0);
    EXPECT_NE(c.status, CaseStatus::ok);
    EXPECT_FALSE(c.reason.empty());
    EXPECT_FALSE(c.trials.empty());
    for (const TrialRecord& t : c.trials) EXPECT_NE(t.status, TrialStatus::ok);
    return std::move(c);
  }

  static void expect_invalid(const CaseResult& c, std::int64_t unaccounted,
                             const std::string& reason) {
    EXPECT_EQ(c.status, CaseStatus::invalid);
    EXPECT_EQ(c.reason, "3 of 3 rounds are not ok; the last: " + reason);
    EXPECT_EQ(c.trials.size(), 3u);  // a fault is no disturbance: it is not tried again
    for (const TrialRecord& t : c.trials) {
      EXPECT_EQ(t.status, TrialStatus::invalid);
      EXPECT_EQ(t.reason, reason);
      EXPECT_EQ(t.unaccounted, unaccounted);
      EXPECT_FALSE(t.disturbed);
    }
  }
};

TEST_F(SimulatedFault, ABackendThatLosesOneFrameIn10000Uncounted) {
  expect_invalid(faulty(scenario(R"([{"name": "fake", "lose_one_in": 10000}])")), 200,
                 "200 of 10000000 frames are unaccounted for");
}

TEST_F(SimulatedFault, ABackendThatCountsOneFrameIn10000Twice) {
  expect_invalid(faulty(scenario(R"([{"name": "fake", "repeat_one_in": 10000}])")), -200,
                 "200 frames more were counted than were offered");
}

TEST_F(SimulatedFault, ABackendThatReadsAQueueTooFewIsFoundBeforeTheWindow) {
  const CaseResult c =
      faulty(scenario(R"([{"name": "fake", "unread_queues": 1}])",
                      R"("generator": "simulated", "flows": 64)", R"("noise": 0)", "4"));
  EXPECT_EQ(c.status, CaseStatus::failed);
  EXPECT_EQ(c.reason, "fake counted nothing on RX queue 3 of 4 on simdut");
}

// With fewer flows than it takes to be sure that every queue has one, conservation has it.
TEST_F(SimulatedFault, ABackendThatReadsAQueueTooFewLeavesItsFramesUnaccounted) {
  expect_invalid(
      faulty(scenario(R"([{"name": "fake", "unread_queues": 1}])",
                      R"("generator": {"name": "simulated", "max_pps": 1e6}, "flows": 5)",
                      R"("noise": 0)", "4")),
      200'000, "200000 of 1000000 frames are unaccounted for");
}

TEST_F(SimulatedFault, TheSameQueuesAllReadAreOk) {
  const RunOutcome outcome = run(
      scenario(R"(["fake"])", R"("generator": {"name": "simulated", "max_pps": 1e6}, "flows": 5)",
               R"("noise": 0)", "4"));
  ASSERT_EQ(outcome.cases[0].status, CaseStatus::ok) << outcome.cases[0].reason;
  // Five flows on four queues: the first has two of them.
  for (const TrialRecord& t : outcome.cases[0].trials)
    EXPECT_EQ(t.received.per_queue,
              (std::vector<std::uint64_t>{400'000, 200'000, 200'000, 200'000}));
}

TEST_F(SimulatedFault, EachCaseHasItsNumberOfQueues) {
  const RunOutcome outcome = run(scenario(R"(["fake"])", R"("generator": "simulated", "flows": 64)",
                                          R"("noise": 0)", "[1, 4, 2]"));
  ASSERT_EQ(outcome.cases.size(), 3u);
  for (const CaseResult& one : outcome.cases) {
    ASSERT_EQ(one.status, CaseStatus::ok) << one.reason;
    for (const TrialRecord& t : one.trials) {
      ASSERT_EQ(t.received.per_queue.size(), one.spec.queues);
      for (const std::uint64_t packets : t.received.per_queue)
        EXPECT_NEAR(static_cast<double>(packets * one.spec.queues),
                    static_cast<double>(t.received.packets), 1000);
    }
  }
}

TEST_F(SimulatedFault, AGeneratorThatClaimsAFrameItDidNotSend) {
  expect_invalid(
      faulty(scenario(R"(["fake"])", R"("generator": {"name": "simulated", "claim_extra": 1})")), 1,
      "1 of 10000001 frames are unaccounted for");
}

TEST_F(SimulatedFault, AClockThatRuns1PercentFast) {
  const CaseResult c = faulty(
      scenario(R"(["fake"])", R"("generator": "simulated")", R"("noise": 0, "clock_error": 0.01)"));
  expect_invalid(c, 0, "the clock ran 1.0% fast against the simulated reference");
  for (const TrialRecord& t : c.trials) {
    EXPECT_NEAR(t.evidence.at("clock_error"), 0.01, 1e-6);
    EXPECT_NEAR(t.mpps.value(), 2.0 / 1.01, 1e-6);  // this is what would have been reported
  }
}

TEST_F(SimulatedFault, AClockThatRunsSlowOrBarelyOutsideTheBound) {
  EXPECT_EQ(faulty(scenario(R"(["fake"])", R"("generator": "simulated")",
                            R"("noise": 0, "clock_error": -0.01)"))
                .trials[0]
                .reason,
            "the clock ran 1.0% slow against the simulated reference");
  expect_invalid(faulty(scenario(R"(["fake"])", R"("generator": "simulated")",
                                 R"("noise": 0, "clock_error": 0.0011)")),
                 0, "the clock ran 0.1% fast against the simulated reference");
}

// What NTP may do to a clock.
TEST_F(SimulatedFault, AClockThatIsSlewedBy500PpmIsOk) {
  const RunOutcome outcome = run(scenario(R"(["fake"])", R"("generator": "simulated")",
                                          R"("noise": 0, "clock_error": 0.0005)"));
  EXPECT_EQ(outcome.cases[0].status, CaseStatus::ok) << outcome.cases[0].reason;
}

// No fault: loss that the wire counts is accounted for exactly.
TEST_F(SimulatedFault, LossThatIsCountedIsNoFault) {
  const RunOutcome outcome =
      run(scenario(R"(["fake"])", R"("generator": "simulated", "rate": 1000000)",
                   R"("noise": 0, "loss": 0.003)"));
  ASSERT_EQ(outcome.cases[0].status, CaseStatus::ok) << outcome.cases[0].reason;
  for (const TrialRecord& t : outcome.cases[0].trials) {
    EXPECT_EQ(t.unaccounted, 0);
    EXPECT_NEAR(static_cast<double>(t.drops.at("simulated_wire")), 3000, 1);
    EXPECT_EQ(t.drops.at("simulated_ring"), 0u);
    EXPECT_EQ(t.received.packets + t.drops.at("simulated_wire"), 1'000'000u);
  }
}

}  // namespace
}  // namespace pktbench::cli
