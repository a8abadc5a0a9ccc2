#include "harness/runner/trial_check.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "harness/method/throughput.hpp"
#include "harness/runner/run.hpp"
#include "harness/testing/sample_test_run.hpp"

namespace pktbench {
namespace {

constexpr int kRounds = 4;
constexpr const char* kCases[] = {"a/drop/64B/1q/1f", "b/drop/64B/1q/1f", "c/drop/64B/1q/1f"};

Scenario three_cases() {
  Scenario s;
  static const MethodType kThroughput = method::throughput_method();
  s.method = &kThroughput;
  for (const OptionSpec& o : kThroughput.options) s.method_options[o.name] = o.default_value;
  s.method_options["trials"] = std::int64_t{kRounds};
  s.method_options["max_repeats"] = std::int64_t{2};
  s.order_seed = 7;
  for (const char* id : kCases) {
    CaseSpec spec;
    spec.id = id;
    s.cases.push_back(spec);
  }
  return s;
}

// Round after round, as a run of the scenario writes them.
TrialLog whole_log(const Scenario& s) {
  TrialLog log;
  for (int round = 0; round < kRounds; ++round) {
    int order = 0;
    for (const std::size_t place : round_order(s.order_seed, round, s.cases.size())) {
      TrialRecord t = test::sample_trial(round);
      t.order = order++;
      log.trials.push_back({s.cases[place].id, t.mode, t});
    }
  }
  return log;
}

TEST(TrialCheck, WhatARunHasWrittenSoFarIsItsOwn) {
  const Scenario s = three_cases();
  TrialLog log = whole_log(s);
  for (; !log.trials.empty(); log.trials.pop_back()) {
    const auto r = check_trials(log, s, "DIR");
    EXPECT_TRUE(r) << r.error().message;
  }
}

TEST(TrialCheck, RepeatsAndFurtherRoundsAreItsOwn) {
  Scenario s = three_cases();
  s.cases.resize(1);
  TrialLog log;
  const auto add = [&](int round, bool disturbed, const char* by) {
    TrialRecord t = test::sample_trial(static_cast<int>(log.trials.size()));
    t.round = round;
    t.disturbed = disturbed;
    if (disturbed) t.disturbed_by = {by};
    log.trials.push_back({kCases[0], t.mode, t});
  };
  add(0, true, "one");
  add(0, true, "another");
  for (int round = 0; round < 6; ++round) add(round, false, "");
  const auto r = check_trials(log, s, "DIR");
  EXPECT_TRUE(r) << r.error().message;
  add(6, false, "");
  EXPECT_FALSE(check_trials(log, s, "DIR"));
}

TEST(TrialCheck, AForeignLineIsNamedByItsNumber) {
  struct Fault {
    std::size_t line;  // of 12, three a round
    std::function<void(LoggedTrial&)> change;
    const char* said;
  };
  const Fault faults[] = {
      {5, [](auto& l) { l.case_id = "other/drop/64B/1q/1f"; }, "is none of this run's"},
      {4, [](auto& l) { l.trial.index = 9; }, "it is trial 9, and the next is 1"},
      {7, [](auto& l) { l.trial.index = 1; }, "it is trial 1, and the next is 2"},
      {12, [](auto& l) { l.trial.round = 6; }, "its round is 6, and this run has 4 from 0"},
      {12, [](auto& l) { l.trial.round = -1; }, "its round is -1"},
      {9, [](auto& l) { l.trial.order = 5; }, "it was number 5 of round 2"},
      {2, [](auto& l) { l.trial.bpf_stats = true; }, "it took the run time of BPF programs"},
  };
  const Scenario s = three_cases();
  for (const Fault& fault : faults) {
    TrialLog log = whole_log(s);
    fault.change(log.trials[fault.line - 1]);
    const auto r = check_trials(log, s, "DIR");
    ASSERT_FALSE(r) << fault.said;
    EXPECT_EQ(r.error().code, ErrorCode::invalid_input);
    EXPECT_TRUE(r.error().message.starts_with("DIR/trials.jsonl, line " +
                                              std::to_string(fault.line) + ": "))
        << r.error().message;
    EXPECT_NE(r.error().message.find(fault.said), std::string::npos) << r.error().message;
  }
}

TEST(TrialCheck, ALogOfAnotherOrderIsRefused) {
  const Scenario s = three_cases();
  Scenario other = s;
  other.order_seed = 8;
  EXPECT_FALSE(check_trials(whole_log(other), s, "DIR"));
}

TEST(TrialCheck, ARoundThatIsDoneIsNotMadeAgain) {
  const Scenario s = three_cases();
  TrialLog log = whole_log(s);
  // The second of this case, in the round and at the place of its first.
  LoggedTrial again = log.trials.front();
  again.trial.index = 1;
  log.trials.insert(log.trials.begin() + 1, again);
  const auto r = check_trials(log, s, "DIR");
  ASSERT_FALSE(r);
  EXPECT_NE(r.error().message.find("line 2: "), std::string::npos) << r.error().message;
  EXPECT_NE(r.error().message.find("round 0 was done"), std::string::npos) << r.error().message;
}

}  // namespace
}  // namespace pktbench
