#include "harness/compare/run_draws.hpp"

#include <gtest/gtest.h>

#include "harness/compare/compare_test_util.hpp"

namespace pktbench {
namespace {

using test::compare;
using test::make_case;
using test::make_run;
using test::mentions;

RecordedRun one_draw(const std::string& id, double mpps) {
  RecordedCase c = make_case("c", mpps, 300);
  for (RecordedTrial& trial : c.trials) trial.restart = 0;
  return make_run(id, {c});
}

Result<Comparison> compare_sides(const std::vector<RecordedRun>& base,
                                 const std::vector<RecordedRun>& next) {
  std::vector<const RecordedRun*> a;
  std::vector<const RecordedRun*> b;
  for (const RecordedRun& run : base) a.push_back(&run);
  for (const RecordedRun& run : next) b.push_back(&run);
  return compare_runs(a, b, {});
}

TEST(RunDraws, OneRunASideIsInconclusiveWhateverItShows) {
  for (const double next : {5.0, 4.9, 2.0}) {
    const Comparison made = compare(one_draw("a", 5), one_draw("b", next));
    EXPECT_EQ(made.verdict, Verdict::inconclusive);
    const MeasureComparison& rate = made.cases[0].measures[0];
    EXPECT_FALSE(rate.judged);
    EXPECT_NE(rate.reason.find("one run a side says nothing of how much runs differ"),
              std::string::npos)
        << rate.reason;
    EXPECT_NE(rate.reason.find("measure each side with --restarts "), std::string::npos);
  }
}

TEST(RunDraws, TheRestartsOfOneRunASideAreItsDraws) {
  const Comparison made =
      compare(make_run("a", {make_case("c", 5, 300)}), make_run("b", {make_case("c", 4.75, 300)}));
  const MeasureComparison& rate = made.cases[0].measures[0];
  EXPECT_EQ(rate.verdict, Verdict::regression) << rate.reason;
  ASSERT_TRUE(rate.between);
  EXPECT_EQ(rate.between->base, 4u);
  EXPECT_EQ(rate.between->next, 4u);
  EXPECT_EQ(rate.draws.unit, DrawUnit::restart);
  EXPECT_NEAR(rate.between->ratio, 0.95, 0.001);
}

// What the runs of a side differ by is the noise, however steady each of them is.
TEST(RunDraws, ARunIsTheUnitWhereThereAreSeveral) {
  const auto found = compare_sides({one_draw("a1", 5), one_draw("a2", 5.2), one_draw("a3", 4.8)},
                                   {one_draw("b1", 4.9), one_draw("b2", 5.1), one_draw("b3", 4.7)});
  ASSERT_TRUE(found) << found.error().message;
  const MeasureComparison& rate = found->cases[0].measures[0];
  ASSERT_TRUE(rate.between);
  EXPECT_EQ(rate.draws.unit, DrawUnit::run);
  EXPECT_EQ(rate.between->base, 3u);
  EXPECT_GT(rate.between->p, 0.3);
  EXPECT_NE(found->verdict, Verdict::regression);
  const auto far =
      compare_sides({one_draw("a1", 5), one_draw("a2", 5.01), one_draw("a3", 4.99)},
                    {one_draw("b1", 4.75), one_draw("b2", 4.76), one_draw("b3", 4.74)});
  EXPECT_EQ(far->verdict, Verdict::regression);
  EXPECT_NE(comparison_text(*far, {}).find("3+3 runs"), std::string::npos);
}

TEST(RunDraws, ARunIsNamedOnce) {
  const auto made = compare_sides({one_draw("a", 5), one_draw("a", 5)}, {one_draw("b", 5)});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("is the same run as a/run.json: name it once"),
            std::string::npos);
  EXPECT_FALSE(compare_sides({one_draw("a", 5), one_draw("b", 5)}, {one_draw("b", 5)}));
}

TEST(RunDraws, RunsOfASideMustBeOfOneSetting) {
  RecordedRun other = one_draw("a2", 5);
  other.cases[0].comparable["frame_size"] = "128";
  const auto made = compare_sides({one_draw("a1", 5), other}, {one_draw("b", 5)});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->cases[0].reason, "frame_size differs between the runs of BASE: 64 and 128");
}

TEST(RunDraws, OnlyTrialsOfTheConditionInCommonAreHeldAgainstEachOther) {
  RecordedRun base = make_run("a", {make_case("c", 5, 300)});
  RecordedRun next = make_run("b", {make_case("c", 5, 300)});
  for (auto* run : {&base, &next})
    for (RecordedTrial& trial : run->cases[0].trials) trial.condition.cpu_distance_ns = 90;
  for (std::size_t i = 0; i < 6; ++i) {
    next.cases[0].trials[i].condition.cpu_distance_ns = 420;
    next.cases[0].trials[i].mpps = 3;
  }
  const Comparison made = compare(base, next);
  const MeasureComparison& rate = made.cases[0].measures[0];
  EXPECT_EQ(rate.between->next, 2u);
  EXPECT_EQ(rate.draws.left_out, 6u);
  EXPECT_NEAR(rate.between->ratio, 1, 0.002);
  EXPECT_TRUE(mentions(rate.warnings, "6 ok trials were left out"));
}

}  // namespace
}  // namespace pktbench
