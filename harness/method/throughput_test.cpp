#include "harness/method/throughput.hpp"

#include <gtest/gtest.h>

#include "harness/method/case_summary.hpp"
#include "harness/method/rounds.hpp"

namespace pktbench::method {
namespace {

std::unique_ptr<const Method> made_with(const Options& changes) {
  const MethodType type = throughput_method();
  Options options;
  for (const OptionSpec& o : type.options) options[o.name] = o.default_value;
  for (const auto& [name, value] : changes) options[name] = value;
  return type.make(options);
}

TrialRecord trial(int round, TrialStatus status = TrialStatus::ok) {
  TrialRecord t;
  t.round = round;
  t.status = status;
  t.disturbed = status == TrialStatus::invalid;
  t.conserved = status == TrialStatus::ok;
  t.mpps = 1 + round;
  return t;
}

TEST(Throughput, AsksForTheCasesOwnLoadUntilTheRoundIsDone) {
  const auto method = made_with({{"duration_s", 0.5}, {"warmup_s", 0.1}, {"max_unsent", 0.25}});
  CaseResult c;
  c.spec.rate_pps = 4000;
  const auto step = method->next(c, 0);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->plan.rate_pps, 4000);
  EXPECT_EQ(step->plan.duration_s, 0.5);
  EXPECT_EQ(step->plan.warmup_s, 0.1);
  EXPECT_EQ(step->plan.max_unsent, 0.25);
  EXPECT_EQ(step->start, Start::alone);
  EXPECT_FALSE(step->bpf_stats);
  c.trials = {trial(0, TrialStatus::invalid)};
  EXPECT_TRUE(method->next(c, 0));
  c.trials.push_back(trial(0));
  EXPECT_FALSE(method->next(c, 0));
  EXPECT_TRUE(method->next(c, 1));
  EXPECT_EQ(method->trials_left(c), 4u);
}

TEST(Throughput, KeepsASessionOnlyWhereItIsToldTo) {
  const auto method = made_with({{"restart", false}});
  EXPECT_EQ(method->next({}, 0)->start, Start::kept);
  const MethodType type = throughput_method();
  Options options{{"restart", false}};
  EXPECT_EQ(type.refuses(options, 1), "");
  EXPECT_NE(type.refuses(options, 2).find("this has 2"), std::string::npos);
  options["restart"] = true;
  EXPECT_EQ(type.refuses(options, 2), "");
}

TEST(Throughput, TrialsForBpfStatisticsComeAfterTheOrdinaryOneUntilTheyAreGivenUp) {
  const auto method = made_with({{"bpf_stats", true}, {"trials", std::int64_t{2}}});
  CaseResult c;
  EXPECT_EQ(method->trials_left(c), 4u);
  EXPECT_FALSE(method->next(c, 0)->bpf_stats);
  c.trials = {trial(0)};
  ASSERT_TRUE(method->next(c, 0));
  EXPECT_TRUE(method->next(c, 0)->bpf_stats);
  c.bpf_trials = {trial(0)};
  EXPECT_FALSE(method->next(c, 0));
  c.bpf_reason = "it runs no program";
  EXPECT_EQ(method->trials_left(c), 1u);
  c.bpf_trials.clear();
  EXPECT_FALSE(method->next(c, 0));
}

TEST(Throughput, ItsMetricsAreOfTheTrialsInTheSummary) {
  const auto method = made_with({});
  std::vector<CaseResult> cases(1);
  cases[0].trials = {trial(0), trial(1, TrialStatus::invalid), trial(2)};
  for (int i = 0; i < 3; ++i) cases[0].trials[static_cast<std::size_t>(i)].index = i;
  method->conclude(cases);
  ASSERT_EQ(cases[0].metrics.size(), 2u);
  EXPECT_EQ(cases[0].metrics[0].name, "mpps");
  EXPECT_TRUE(cases[0].metrics[0].higher_is_better);
  EXPECT_EQ(cases[0].metrics[0].by_round, (std::map<std::string, double>{{"0", 1}, {"2", 3}}));
  EXPECT_EQ(cases[0].metrics[1].name, "cycles_per_packet");
  EXPECT_FALSE(cases[0].metrics[1].higher_is_better);
  EXPECT_TRUE(cases[0].metrics[1].by_round.empty());
}

// Cases on `queues` RX queues each, of two trials; a disturbed one does not count.
CaseResult queued(unsigned queues, const std::vector<std::vector<std::uint64_t>>& per_queue) {
  CaseResult c;
  c.spec.queues = queues;
  c.status = CaseStatus::ok;
  for (const auto& frames : per_queue) {
    c.trials.push_back(trial(static_cast<int>(c.trials.size())));
    c.trials.back().received.per_queue = frames;
    c.trials.back().cpus.resize(2);
    c.trials.back().cpus[0].role = "generator";
    c.trials.back().cpus[1].role = "dut";
  }
  c.trials.push_back(trial(2, TrialStatus::invalid));
  c.trials.back().received.per_queue = std::vector<std::uint64_t>(queues, 1'000'000);
  return c;
}

std::string cell(std::vector<CaseResult> cases, const std::string& head) {
  pktbench::conclude(cases);
  for (const ResultColumn& column : throughput_method().columns(cases))
    if (column.head == head) return column.cell(cases.back());
  return "no column";
}

std::string by_queue(std::vector<CaseResult> cases) { return cell(std::move(cases), "% by queue"); }

TEST(Throughput, TheRateAgainstTheLineIsAColumnWhereThereIsALine) {
  std::vector<CaseResult> cases = {queued(1, {{1}, {1}})};
  EXPECT_EQ(cell(cases, "% of line"), "no column");
  for (TrialRecord& t : cases[0].trials) t.line_rate_pps = 10e6;
  EXPECT_EQ(cell(cases, "% of line"), "15.0") << "the median of 1 and 2 Mpps";
}

TEST(Throughput, TheShareOfEachQueueIsAColumnWhereThereAreSeveral) {
  EXPECT_EQ(by_queue({queued(1, {{100}, {100}})}), "no column");
  EXPECT_EQ(by_queue({queued(2, {{10, 90}, {20, 80}})}), "15/85");
  EXPECT_EQ(by_queue({queued(2, {{50, 50}}), queued(1, {{7}})}), "100");
  EXPECT_EQ(by_queue({queued(2, {{50, 50}, {}})}), "") << "a backend that does not tell";
  EXPECT_EQ(by_queue({queued(9, {{5, 10, 10, 10, 10, 10, 10, 10, 25}})}), "5.0–25.0");
}

TEST(Throughput, QueuesThatShareACpuAreSaid) {
  const auto said = [](std::vector<CaseResult> cases) {
    pktbench::conclude(cases);
    Legend legend;
    throughput_method().explain(cases, legend);
    std::string all;
    for (const std::string& note : legend.notes()) all += note + "\n";
    return all;
  };
  EXPECT_NE(said({queued(4, {{1, 1, 1, 1}})})
                .find("Queues that share a CPU of the DUT's: 4 queues on 1 CPU.\n"),
            std::string::npos);
  EXPECT_EQ(said({queued(1, {{1}})}).find("share"), std::string::npos);
}

}  // namespace
}  // namespace pktbench::method
