// Many simulated runs, each through the parser, the runner, the method and the statistics that
// users see, held against the truth that the simulated device was given: do the intervals cover it
// as often as they say, does a comparison of a path with itself stay silent, is a change found?
//
// PKTBENCH_TRUTH_RUNS sets the number of runs (1000: the figures that the limits are made for; with
// fewer the limits are wider by what chance does to so few).
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "harness/compare/comparison.hpp"
#include "harness/measure/paired_ratio.hpp"
#include "harness/method/case_summary.hpp"
#include "harness/record/run_document.hpp"
#include "harness/system/simulated_run.hpp"
#include "harness/text/number_test_util.hpp"

namespace pktbench::cli {
namespace {

constexpr double kCapacity = 2.0;  // Mpps
constexpr int kFullRuns = 1000;

int runs() { return test::number_of_environment("PKTBENCH_TRUTH_RUNS", kFullRuns); }

// How often something happened, of how many times.
struct Share {
  int hits = 0;
  int of = 0;
  void add(bool hit) {
    hits += hit;
    ++of;
  }
  double value() const { return static_cast<double>(hits) / of; }
  // What fewer runs than kFullRuns may stray further, for a share of `p`.
  double slack(double p) const { return of >= kFullRuns ? 0 : 3 * std::sqrt(p * (1 - p) / of); }
};

void print(const char* what, const Share& share) {
  std::printf("truth: %s: %.1f%% of %d\n", what, 100 * share.value(), share.of);
}

void expect_covers(const char* what, const Share& share) {
  print(what, share);
  EXPECT_GE(share.value(), 0.93 - share.slack(0.95)) << what;
  EXPECT_LE(share.value(), 0.97 + share.slack(0.95)) << what;
}

void expect_at_most(const char* what, const Share& share, double limit) {
  print(what, share);
  EXPECT_LE(share.value(), limit + share.slack(limit)) << what;
}

void expect_at_least(const char* what, const Share& share, double limit) {
  print(what, share);
  EXPECT_GE(share.value(), limit - share.slack(limit)) << what;
}

std::vector<double> rates(const CaseResult& c) {
  std::vector<double> values;
  for (const TrialRecord& t : c.trials) {
    EXPECT_EQ(t.status, TrialStatus::ok) << t.reason;
    values.push_back(t.mpps.value());
  }
  return values;
}

bool covers(const MedianInterval& interval, double truth) {
  return interval.lo <= truth && truth <= interval.hi;
}

class Truth : public SimulatedRun {
 protected:
  // Calls done(outcome) for every run of `backends` under `noise`, each with other noise.
  template <class Done>
  void repeat(const std::string& backends, const std::string& noise, int trials, Done&& done,
              int times = 1) {
    Scenario s = scenario(backends, R"("generator": "simulated")", noise);
    s.method_options["trials"] = std::int64_t{trials};
    for (int i = 1; i <= times * runs(); ++i) {
      s.testbeds.front().options["seed"] = std::int64_t{i};
      s.order_seed = static_cast<std::uint64_t>(i);
      done(run(s));
      notes_.order.clear();
    }
  }

  // How often the interval of one case's median has `truth` in it.
  Share coverage(const std::string& noise, int trials, double truth) {
    Share covered;
    repeat(R"(["fake"])", noise, trials, [&](const RunOutcome& outcome) {
      const auto summary = summarize_case(outcome.cases.at(0));
      covered.add(covers(summary.value().mpps.ci95.value(), truth));
    });
    return covered;
  }

  struct Compared {
    Share covered;                 // the interval of the ratio has `truth` in it
    Share changed;                 // the verdict is a regression or an improvement
    Share worse;                   // a regression
    std::vector<double> smallest;  // the change that each comparison could have seen
  };
  // The two backends of one interleaved run, in pairs by round.
  Compared compared(const std::string& backends, const std::string& noise, int pairs, double truth,
                    int times = 1) {
    Compared all;
    repeat(
        backends, noise, pairs,
        [&](const RunOutcome& outcome) {
          const auto base = rates(outcome.cases.at(0));
          const auto next = rates(outcome.cases.at(1));
          const auto found = paired_ratio(base, next);
          ASSERT_TRUE(found) << found.error().message;
          const Verdict verdict = judge(*found, found->p, Better::higher).verdict;
          all.covered.add(found->lo <= truth && truth <= found->hi);
          all.changed.add(verdict == Verdict::regression || verdict == Verdict::improvement);
          all.worse.add(verdict == Verdict::regression);
          all.smallest.push_back(smallest_change(*found, {}));
        },
        times);
    return all;
  }
};

constexpr const char* kAgainstItself = R"([{"name": "fake"}, {"name": "fake", "label": "again"}])";
constexpr const char* kThreePercentSlower =
    R"([{"name": "fake"}, {"name": "fake", "slower": 0.03}])";
constexpr const char* kWhite = R"("noise": 0.02)";
constexpr const char* kDrift = R"("noise": 0.02, "drift": 0.03, "drift_s": 30)";
constexpr const char* kBurst = R"("noise": 0.02, "burst": 0.05, "burst_depth": 0.5)";
constexpr const char* kLoss = R"("noise": 0.02, "loss": 0.01)";

// A share `p` of the windows is far below the others, so that the median of all is the quantile
// (1/2 - p)/(1 - p) of the rest: with p = 0.05 the one at -0.066 standard deviations.
const double kBurstMedian = kCapacity * (1 - 0.06601 * 0.02);

TEST_F(Truth, TheIntervalOfTheMedianCoversItAsOftenAsItSays) {
  expect_covers("CI of the median, white noise, 6 trials", coverage(kWhite, 6, kCapacity));
  expect_covers("CI of the median, white noise, 10 trials", coverage(kWhite, 10, kCapacity));
  expect_covers("CI of the median, white noise, 20 trials", coverage(kWhite, 20, kCapacity));
  expect_covers("CI of the median, bursts, 10 trials", coverage(kBurst, 10, kBurstMedian));
  expect_covers("CI of the median, bursts, 20 trials", coverage(kBurst, 20, kBurstMedian));
  expect_covers("CI of the median, loss, 20 trials", coverage(kLoss, 20, kCapacity));
}

// A device that wanders slowly has a median of its own in every run, and that is what the run's
// interval is of. Where it is in the long run no single run can know.
TEST_F(Truth, UnderDriftTheIntervalIsOfTheRunsOwnMedian) {
  Scenario s = scenario(R"(["fake"])", R"("generator": "simulated")", kDrift);
  s.method_options["trials"] = std::int64_t{20};
  Share own;
  Share long_run;
  for (int i = 1; i <= runs(); ++i) {
    s.testbeds.front().options["seed"] = std::int64_t{i};
    s.testbeds.front().options["noise"] = 0.02;
    const auto summary = summarize_case(run(s).cases.at(0));
    s.testbeds.front().options["noise"] = 0.0;  // the same wander, and nothing else
    const auto truth = summarize(rates(run(s).cases.at(0)));
    own.add(covers(summary.value().mpps.ci95.value(), truth.median.value()));
    long_run.add(covers(summary.value().mpps.ci95.value(), kCapacity));
  }
  expect_covers("CI of the median, drift, 20 trials: the run's own median", own);
  print("CI of the median, drift, 20 trials: the long run's (not claimed)", long_run);
}

TEST_F(Truth, TheIntervalOfTheRatioCoversItUnderEveryNoise) {
  for (const char* noise : {kWhite, kDrift, kBurst, kLoss})
    for (const int pairs : {10, 20}) {
      const std::string what =
          "CI of the ratio, " + std::string(noise) + ", " + std::to_string(pairs) + " pairs";
      expect_covers(what.c_str(), compared(kAgainstItself, noise, pairs, 1).covered);
    }
}

// A rare event needs more runs to be counted.
constexpr int kTimes = 3;

TEST_F(Truth, APathAgainstItselfRaisesNoAlarm) {
  for (const char* noise : {kWhite, kDrift, kBurst, kLoss, R"("noise": 0.001)"}) {
    const std::string what = "alarms of A/A, " + std::string(noise) + ", 20 pairs";
    expect_at_most(what.c_str(), compared(kAgainstItself, noise, 20, 1, kTimes).changed, 0.01);
  }
  // In louder noise the least effect that counts is none: p alone keeps alarms at its level, which
  // so many runs meet within their own error.
  const Share loud = compared(kAgainstItself, R"("noise": 0.1)", 20, 1, kTimes).changed;
  expect_at_most("alarms of A/A, \"noise\": 0.1, 20 pairs", loud,
                 0.01 + 2 * std::sqrt(0.01 * 0.99 / loud.of));
}

TEST_F(Truth, ADropOf3PercentIsFoundIn20Pairs) {
  const Compared white = compared(kThreePercentSlower, kWhite, 20, 0.97);
  expect_at_least("3% drops found, white noise, 20 pairs", white.worse, 0.95);
  expect_covers("CI of the ratio 0.97, white noise, 20 pairs", white.covered);
  // What the wander does between two neighbours of a round adds to the noise.
  const Compared drift = compared(kThreePercentSlower, kDrift, 20, 0.97);
  expect_at_least("3% drops found, drift, 20 pairs", drift.worse, 0.9);
}

// Two cases of one run under two conditions that take turns, costs 1 and 1.25: what `compare` says.
Comparison compare_cases(const RunOutcome& outcome) {
  RunDocument document = new_run_document({});
  document.environment_before = nlohmann::ordered_json::object();
  document.testbed.testbed = "simulated";
  document.cases = outcome.cases;
  const auto read = parse_recorded_run(to_json(document).dump(), "run.json");
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  auto made =
      compare_runs(*read, *read, {outcome.cases.at(0).spec.id, outcome.cases.at(1).spec.id, {}});
  EXPECT_TRUE(made);
  return std::move(*made);
}

struct TwoConditions {
  Share changed;
  Share worse;
  int others = 0;  // comparisons with more pairs or fewer
};

constexpr const char* kTwoConditions = R"("noise": 0.02, "far_every_s": 10)";

TEST_F(Truth, UnderTwoConditionsOnlyAChangeIsAnAlarm) {
  const auto compared_runs = [&](double slower, int times) {
    TwoConditions all;
    Scenario s = scenario(kAgainstItself, R"("generator": "simulated")", kTwoConditions);
    s.method_options["trials"] =
        std::int64_t{24};  // and up to 3 more; some 23 have both sides in one condition
    for (int i = 1; i <= times * runs(); ++i) {
      s.testbeds.front().options["seed"] = std::int64_t{i};
      s.cases.back().backend_options["slower"] = slower;
      const Comparison made = compare_cases(run(s));
      notes_.order.clear();
      const MeasureComparison& rate = made.cases.at(0).measures.at(0);
      // What is claimed is for some 20 pairs.
      if (!rate.found || rate.found->pairs < 20 || rate.found->pairs > 25) {
        ++all.others;
        continue;
      }
      all.changed.add(rate.verdict == Verdict::regression || rate.verdict == Verdict::improvement);
      all.worse.add(rate.verdict == Verdict::regression);
    }
    std::printf("truth: two conditions: %d comparisons with 20 to 25 pairs, %d with others\n",
                all.worse.of, all.others);
    return all;
  };
  const TwoConditions same = compared_runs(0, 2);
  EXPECT_GT(same.worse.of, runs() / 4);
  expect_at_most("alarms of A/A under two conditions", same.changed, 0.01);
  expect_at_least("3% drops found under two conditions", compared_runs(0.03, 1).worse, 0.95);
}

// "None of 2.4% or more": about four of five drops of that size are found.
TEST_F(Truth, TheSmallestChangeThatARunSaysItSeesIsSeen) {
  for (const char* noise : {R"("noise": 0.005)", kWhite, R"("noise": 0.05)"}) {
    std::vector<double> said = compared(kAgainstItself, noise, 20, 1).smallest;
    std::nth_element(said.begin(), said.begin() + static_cast<std::ptrdiff_t>(said.size() / 2),
                     said.end());
    const double smallest = said[said.size() / 2];
    // As a ratio, 1 + s up is 1/(1 + s) down.
    const std::string slower = std::to_string(1 - 1 / (1 + smallest));
    const Share found =
        compared(R"([{"name": "fake"}, {"name": "fake", "slower": )" + slower + "}]", noise, 20,
                 1 / (1 + smallest))
            .worse;
    const std::string what = "drops of " + slower + " found, which a run said it sees, " + noise;
    print(what.c_str(), found);
    EXPECT_GE(found.value(), 0.77 - found.slack(0.8)) << what;
    EXPECT_LE(found.value(), 0.9 + found.slack(0.8)) << what;
  }
}

}  // namespace
}  // namespace pktbench::cli
