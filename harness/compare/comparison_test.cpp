#include "harness/compare/comparison.hpp"

#include <gtest/gtest.h>

#include "harness/compare/compare_test_util.hpp"

namespace pktbench {
namespace {

using test::compare;
using test::make_case;
using test::make_run;
using test::mentions;

TEST(Comparison, ARegressionAnywhereIsTheWhole) {
  const Comparison made =
      compare(make_run("a", {make_case("x", 5, 300), make_case("y", 5, 300)}),
              make_run("b", {make_case("x", 5.5, 300), make_case("y", 4.5, 300)}));
  EXPECT_EQ(made.cases[0].verdict, Verdict::improvement);
  EXPECT_EQ(made.cases[1].verdict, Verdict::regression);
  EXPECT_EQ(made.verdict, Verdict::regression);
}

TEST(Comparison, ACaseThatIsNotOkIsNotComparedAndSaysWhy) {
  RecordedCase next = make_case("c", 5, 300);
  next.status = CaseStatus::invalid;
  next.reason = "frames are unaccounted for";
  const Comparison made = compare(make_case("c", 5, 300), next);
  EXPECT_EQ(made.verdict, Verdict::inconclusive);
  EXPECT_EQ(made.cases[0].reason, "NEW is invalid: frames are unaccounted for");
}

TEST(Comparison, CasesOfOneSideAreNamed) {
  RecordedCase gap = make_case("gap", 5, 300, 0);
  gap.status = CaseStatus::unsupported;
  const auto x = make_case("x", 5, 300);
  const Comparison more =
      compare(make_run("a", {x, gap}), make_run("b", {x, gap, make_case("y", 5, 300)}));
  EXPECT_EQ(more.verdict, Verdict::no_change);
  ASSERT_EQ(more.only_in_new.size(), 1u);
  EXPECT_EQ(more.only_in_new[0].id, "y");
  ASSERT_EQ(more.unsupported.size(), 1u);
  EXPECT_EQ(more.unsupported[0].id, "gap");
  const Comparison less = compare(make_run("a", {x, make_case("y", 5, 300)}), make_run("b", {x}));
  EXPECT_EQ(less.only_in_base[0].id, "y");
  EXPECT_EQ(less.verdict, Verdict::inconclusive);
  EXPECT_EQ(less.reason, "NEW lacks cases that BASE has");
  const std::string text = comparison_text(less, {});
  EXPECT_NE(text.find("note: y: only in BASE (ok)\n"), std::string::npos);
}

TEST(Comparison, OtherHostsAndRunsApartAreWarnedOf) {
  RecordedRun base = make_run("a", {make_case("c", 5, 300)});
  RecordedRun next = make_run("b", {make_case("c", 5, 300)});
  EXPECT_EQ(compare(base, next).warnings,
            std::vector<std::string>{
                "the runs were not interleaved: what drifted between them counts as change"});
  next.host = "other";
  next.environment["kernel"] = "6.2";
  next.environment["CPU"] = "fast";
  const Comparison made = compare(base, next);
  EXPECT_TRUE(mentions(made.warnings, "host differs: host in BASE, other in NEW"));
  EXPECT_TRUE(mentions(made.warnings, "kernel differs: 6.1 in BASE, 6.2 in NEW"));
  EXPECT_TRUE(mentions(made.warnings, "CPU differs: not known in BASE, fast in NEW"));
  RecordedCase other = make_case("c", 5, 300);
  other.subject["mode"] = "generic";
  EXPECT_TRUE(mentions(compare(base, make_run("b", {other})).cases[0].warnings,
                       "mode differs: native in BASE, generic in NEW"));
}

TEST(Comparison, TwoCasesOfOneRun) {
  RecordedCase slow = make_case("slow", 4, 300);
  slow.subject["backend"] = "xdp-generic";
  const RecordedRun run = make_run("a", {make_case("fast", 5, 300), slow});
  const auto made = compare_runs(run, run, {"fast", "slow", {}});
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->interleaved);
  EXPECT_TRUE(made->warnings.empty());
  EXPECT_TRUE(made->cases[0].warnings.empty()) << "the backend is what is compared";
  EXPECT_EQ(made->verdict, Verdict::regression);
  const auto wrong = compare_runs(run, run, {"fats", "slow", {}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid_input);
  EXPECT_EQ(wrong.error().message, "a/run.json: /cases: no case \"fats\"; did you mean \"fast\"?");
}

std::string refusal(const RecordedRun& base, const RecordedRun& next, CompareChoice choice = {}) {
  const auto made = compare_runs(base, next, choice);
  if (made) return "";
  EXPECT_EQ(made.error().code, ErrorCode::invalid_input);
  return made.error().message;
}

TEST(Comparison, ARunIsNotComparedWithItself) {
  const RecordedRun run = make_run("a", {make_case("x", 5, 300), make_case("y", 5, 300)});
  RecordedRun copy = run;
  copy.path = "elsewhere/run.json";
  EXPECT_EQ(refusal(run, copy),
            "elsewhere/run.json: /run/id: BASE and NEW are one run: name two runs, or two of its "
            "cases with --base-case and --new-case");
  EXPECT_NE(refusal(run, copy, {"x", "x", {}}), "");
  EXPECT_EQ(refusal(run, copy, {"x", "y", {}}), "");
}

// A run gets another id when it is resumed.
TEST(Comparison, ARunIsNotComparedWithWhatItWasBeforeItWasResumed) {
  RecordedRun before = make_run("a", {make_case("c", 5, 300)});
  for (RecordedTrial& trial : before.cases[0].trials)
    trial.started_at = "2026-01-02T03:04:0" + std::to_string(trial.round % 10) + ".5Z";
  RecordedRun after = before;
  after.id = "b";
  EXPECT_NE(refusal(before, after).find("are one run, which was resumed: name two"),
            std::string::npos);
  for (RecordedTrial& trial : after.cases[0].trials) trial.started_at += "x";
  EXPECT_EQ(refusal(before, after), "");
}

TEST(Comparison, WithoutAnythingToCompareItIsInconclusive) {
  RecordedCase skipped = make_case("c", 5, 300);
  skipped.status = CaseStatus::unsupported;
  for (const auto& cases : {std::vector<RecordedCase>{}, {skipped}}) {
    const Comparison made = compare(make_run("a", cases), make_run("b", cases));
    EXPECT_EQ(made.verdict, Verdict::inconclusive);
    EXPECT_EQ(made.reason, "no case could be compared");
  }
  RecordedCase failed = make_case("c", 5, 300);
  failed.status = CaseStatus::failed;
  EXPECT_EQ(compare(failed, failed).verdict, Verdict::inconclusive);
  EXPECT_EQ(
      compare(make_run("a", {make_case("c", 5, 300)}), make_run("b", {make_case("d", 5, 300)}))
          .verdict,
      Verdict::inconclusive);
}

TEST(Comparison, TextOfARegression) {
  RecordedCase base = make_case("c", 5, 300, 16);
  RecordedCase next = make_case("c", 4.75, 300, 16);
  for (RecordedTrial& trial : next.trials) trial.cycles_per_packet.reset();
  for (RecordedTrial& trial : base.trials) trial.cycles_per_packet.reset();
  for (std::size_t i = 0; i < base.trials.size(); ++i) {
    base.trials[i].mpps = 5 + 0.001 * static_cast<double>(i);
    next.trials[i].mpps = *base.trials[i].mpps * 0.95;
  }
  const std::string text = comparison_text(compare(base, next), {});
  EXPECT_EQ(text.find("BASE  a/run.json (host, 2026-01-02T03:04:05Z, pktbench 0.1.0)\n"
                      "NEW   a/run.json (host, 2026-01-02T03:04:05Z, pktbench 0.1.0)\n\n"
                      "case   measure"),
            0u)
      << text;
  EXPECT_NE(text.find("c → d  Mpps           5.008 (5.004–5.011)  4.757 (4.754–4.761)  -5.00%  "
                      "-5.00% to -5.00%  <0.0001  <0.0001  0.4%  ±0.02%     16  regression\n"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find("c → d  cycles/packet  not compared: no ok trial of either side has a value\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("This comparison can see changes of 0.4% or more in Mpps, four times out of "
                      "five.\nregression (cases: 1 regression)\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find('\033'), std::string::npos);
  EXPECT_NE(comparison_text(compare(base, next), {.colour = true}).find("\033[31m"),
            std::string::npos);
}

TEST(Comparison, OtherPeoplesTextCannotMoveTheCursor) {
  RecordedCase evil = make_case("\033[2Jc", 5, 300);
  evil.comparable["dut_port.driver"] = "\033[2J";
  RecordedCase bad = evil;
  bad.comparable["dut_port.driver"] = "veth\033[2J";
  bad.status = CaseStatus::failed;
  bad.reason = "line\nline\033[2J";
  RecordedRun run = make_run("a\033[2J", {bad});
  run.host = "\033[2J";
  EXPECT_EQ(comparison_text(compare(make_run("\033[2J", {evil}), run), {}).find('\033'),
            std::string::npos);
}

}  // namespace
}  // namespace pktbench
