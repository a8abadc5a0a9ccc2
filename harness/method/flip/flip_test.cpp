#include "harness/method/flip/flip.hpp"

#include <gtest/gtest.h>

#include "harness/method/method_test_util.hpp"

namespace pktbench::method {
namespace {

Options flip_test_options(const Options& changes = {}) {
  return options_of(flip_method(), changes);
}

TrialRecord flipped(int round, std::optional<double> tax) {
  TrialRecord trial;
  trial.index = trial.round = round;
  trial.status = TrialStatus::ok;
  trial.mpps = 0.1;
  trial.cycles_source = "tsc";
  FlipRecord flip;
  flip.action = "drop";
  flip.flipped_at_ms = 500;
  flip.visible_after_ms = 10;
  flip.cycles_pass = tax.value_or(0) + 1000;
  flip.cycles_drop = 1000;
  flip.tax_cycles = tax;
  if (!tax) flip.tax_reason = "the load was not one";
  flip.sampler_cpu = 0.001 * (round + 1);
  flip.series = {{10, 10, 1000, 0, 2e6, 0.5}, {20, 10, 1000, 1000, 1e6 * (round + 1), 0.25}};
  trial.flip = flip;
  return trial;
}

TEST(Flip, ATrialIsTurnedInItsMiddleAtTheRateOfTheCase) {
  const auto method =
      flip_method().make(flip_test_options({{"duration_s", 2.0}, {"action", "parse"}}));
  CaseResult c;
  c.spec.rate_pps = 1e5;
  const auto step = method->next(c, 0);
  ASSERT_TRUE(step && step->plan.flip);
  EXPECT_EQ(step->plan.rate_pps, 1e5);
  EXPECT_EQ(step->plan.flip->action, "parse");
  EXPECT_DOUBLE_EQ(step->plan.flip->at_s, 1);
  EXPECT_EQ(method->trials_left(c), 5u);
  c.trials = {flipped(0, 3000)};
  EXPECT_FALSE(method->next(c, 0));
  EXPECT_EQ(method->trials_left(c), 4u);
}

TEST(Flip, ACaseIsTheMedianOfItsTrialsAndTheMeanOfTheirSeries) {
  std::vector<CaseResult> cases(1);
  for (int round = 0; round < 5; ++round)
    cases[0].trials.push_back(flipped(round, 3000 + 100 * round));
  cases[0].trials.push_back(flipped(5, std::nullopt));
  cases[0].trials.back().status = TrialStatus::invalid;
  const auto method = flip_method().make(flip_test_options());
  method->conclude(cases);
  const auto& flip = cases[0].flip;
  ASSERT_TRUE(flip);
  EXPECT_DOUBLE_EQ(*flip->tax_cycles, 3200);
  EXPECT_DOUBLE_EQ(flip->sampler_cpu, 0.005);
  ASSERT_EQ(flip->series.size(), 2u);
  EXPECT_DOUBLE_EQ(*flip->series[1].cycles, 3e6);
  EXPECT_EQ(flip->series[1].turned, 1000u);
  EXPECT_EQ(cases[0].metrics[0].name, "tax_cycles");
  EXPECT_FALSE(cases[0].metrics[0].higher_is_better);
  EXPECT_EQ(cases[0].metrics[0].by_round.size(), 5u);
  Legend legend;
  flip_method().explain(cases, legend);
  EXPECT_NE(legend.notes()[1].find("0.50% of a CPU"), std::string::npos) << legend.notes()[1];
  std::vector<std::string> cells;
  for (const ResultColumn& column : flip_method().columns(cases))
    cells.push_back(column.cell(cases[0]));
  EXPECT_EQ(cells,
            (std::vector<std::string>{"100.0", "4200", "1000", "3200", "3000–3400", "10.0"}));
}

TEST(Flip, WithoutATaxItSaysWhy) {
  std::vector<CaseResult> cases(1);
  cases[0].spec.id = "xdp-native/flip/64B";
  cases[0].trials = {flipped(0, std::nullopt)};
  flip_method().make(flip_test_options())->conclude(cases);
  EXPECT_FALSE(cases[0].flip->tax_cycles);
  EXPECT_TRUE(cases[0].metrics[0].by_round.empty());
  Legend legend;
  flip_method().explain(cases, legend);
  EXPECT_EQ(legend.notes().back(), "No tax of xdp-native/flip/64B: the load was not one.");
}

TEST(Flip, AWindowTooShortForItsSamplesIsRefused) {
  EXPECT_EQ(flip_method().refuses(flip_test_options(), 1), "");
  const std::string why =
      flip_method().refuses(flip_test_options({{"duration_s", 0.4}, {"every_s", 0.1}}), 1);
  EXPECT_NE(why.find("every_s of 0.1 needs 0.4"), std::string::npos) << why;
}

}  // namespace
}  // namespace pktbench::method
