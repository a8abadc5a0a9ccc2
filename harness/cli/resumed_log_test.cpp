// What runs write, interrupted wherever it may be, is what a resumed run takes for its own.
#include <map>

#include "harness/cli/simulated_run.hpp"
#include "harness/runner/trial_check.hpp"

namespace pktbench::cli {
namespace {

// Keeps the log, and stops the run after some trials.
class Log final : public Observer {
 public:
  Log(StopFlag& stop, std::size_t trials) : stop_(stop), left_(trials) {}
  Result<void> on_trial_ended(const CaseSpec& spec, const TrialRecord& trial, const TrialPlace&,
                              bool) override {
    all.trials.push_back({spec.id, trial.mode, trial});
    if (--left_ == 0) stop_ = true;
    return {};
  }
  TrialLog all;

 private:
  StopFlag& stop_;
  std::size_t left_;
};

FinishedTrials by_case(const TrialLog& log) {
  FinishedTrials finished;
  for (const LoggedTrial& t : log.trials) finished[t.case_id].push_back(t.trial);
  return finished;
}

using ResumedLog = SimulatedRun;

TEST_F(ResumedLog, IsTheRunsOwnWhereverItWasInterrupted) {
  // Disturbed at first, near and far CPUs by turns, and a case that is given up each time.
  const Scenario s = [&] {
    Scenario made = scenario(
        R"(["fake", {"name": "fake", "lose_one_in": 1000000001}, {"name": "fake", "fail": true}])",
        R"("generator": "simulated")",
        R"("noise": 0.01, "foreign": 0.3, "foreign_until_s": 4, "far_every_s": 6, "far_cost": 2)");
    made.method_options["trials"] = std::int64_t{4};
    return made;
  }();
  std::size_t longest = 0;
  for (std::size_t step = 1; step <= 12; ++step) {
    TrialLog log;
    for (bool interrupted = true; interrupted;) {
      StopFlag stop{false};
      Log sink(stop, step);
      auto outcome = run_scenario(s, registry(), by_case(log), sink, stop);
      ASSERT_TRUE(outcome) << outcome.error().message;
      interrupted = outcome->interrupted;
      log.trials.insert(log.trials.end(), sink.all.trials.begin(), sink.all.trials.end());
      const auto r = check_trials(log, s, "DIR");
      ASSERT_TRUE(r) << step << ": " << r.error().message;
      ASSERT_LT(log.trials.size(), 100u);
    }
    longest = std::max(longest, log.trials.size());
  }
  EXPECT_GT(longest, 10u);
}

}  // namespace
}  // namespace pktbench::cli
