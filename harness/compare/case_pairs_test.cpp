#include "harness/compare/case_pairs.hpp"

#include <gtest/gtest.h>

#include "harness/testing/sample_test_run.hpp"

namespace pktbench {
namespace {

using test::sample_case;

constexpr std::uint64_t kLost = 50'000;  // of every sample trial

CaseResult labelled(const std::string& label, std::uint64_t packets, int trials = 12) {
  std::vector<std::uint64_t> offered;
  for (int i = 0; i < trials; ++i)
    offered.push_back(packets + kLost + static_cast<std::uint64_t>(i) * 100);
  CaseResult made = sample_case("xdp-native", offered);
  made.spec.label = label;
  made.spec.id += "/label=" + label;
  return made;
}

TEST(CasePairs, AreOfCasesThatDifferInLabelOrTelemetryAlone) {
  CaseResult other_rate = labelled("c", 1'000'000);
  other_rate.spec.rate_pps = 1e6;
  CaseResult other_options = labelled("d", 1'000'000);
  other_options.spec.backend_options["attach"] = std::string("generic");
  CaseResult unwatched = labelled("", 1'000'000);
  unwatched.spec.telemetry = false;
  const auto pairs = case_pairs(
      {labelled("a", 1'000'000), other_rate, other_options, labelled("b", 1'000'000), unwatched});
  ASSERT_EQ(pairs.size(), 3u);
  for (const CasePair& pair : pairs) EXPECT_EQ(pair.base, "xdp-native/drop/64B/1q/1f/label=a");
  EXPECT_EQ(pairs[0].next, "xdp-native/drop/64B/1q/1f/label=b");
  EXPECT_EQ(pairs[0].measure, "mpps");
  EXPECT_EQ(pairs[1].next, pairs[0].next);
  EXPECT_EQ(pairs[1].measure, "cycles_per_packet");
  EXPECT_EQ(pairs[2].next, unwatched.spec.id);  // which has no cycles to compare
  EXPECT_EQ(pairs[2].measure, "mpps");
  EXPECT_TRUE(case_pairs({labelled("a", 1'000'000), other_rate, other_options}).empty());
}

TEST(CasePairs, ARoundWithoutARatioIsLeftOutOfTheRecord) {
  CaseResult a = labelled("a", 1'000'000, 3);
  a.trials[1].mpps = 0;
  const auto json = to_json(case_pairs({a, labelled("b", 1'000'000, 3)})).at(0);
  EXPECT_EQ(json["rounds"], nlohmann::ordered_json::array({0, 2}));
  EXPECT_EQ(json["ratios"].size(), 2u);
}

TEST(CasePairs, GoByRoundAndTakeOkTrialsOnly) {
  CaseResult a = labelled("a", 1'000'000);
  CaseResult b = labelled("b", 970'000);
  a.trials[2].status = TrialStatus::invalid;
  b.trials[5].mpps.reset();
  b.trials[7].round = 99;
  const auto pairs = case_pairs({a, b});
  const CasePair& rate = pairs.at(0);
  EXPECT_EQ(rate.rounds, (std::vector<int>{0, 1, 3, 4, 6, 8, 9, 10, 11}));
  EXPECT_DOUBLE_EQ(rate.base_values.at(2), a.trials[3].mpps.value());
  EXPECT_DOUBLE_EQ(rate.next_values.at(2), b.trials[3].mpps.value());
  ASSERT_TRUE(rate.found);
  EXPECT_NEAR(rate.found->ratio, 0.97, 1e-3);
  EXPECT_EQ(rate.judgement.verdict, Verdict::regression);
  // Fewer packets in the same time: more cycles for each, which is worse as well.
  EXPECT_EQ(pairs.at(1).judgement.verdict, Verdict::regression);
  const auto json = to_json(pairs).at(0);
  EXPECT_EQ(json["ratios"].size(), 9u);
  EXPECT_NEAR(json["ratios"][0].get<double>(), 0.97, 1e-6);
  EXPECT_LE(json["ci95"][0].get<double>(), json["ratio"].get<double>());
  EXPECT_EQ(json["verdict"], "regression");
  EXPECT_NE(
      pairs_text(pairs).find("label=b against xdp-native/drop/64B/1q/1f/label=a, Mpps: -3.00%"),
      std::string::npos)
      << pairs_text(pairs);
}

TEST(CasePairs, ARateThatTheGeneratorLimitedIsALowerBound) {
  CaseResult a = labelled("a", 1'000'000);
  CaseResult b = labelled("b", 1'000'000);
  EXPECT_EQ(case_pairs({a, b}).at(0).judgement.verdict, Verdict::no_change);
  a.limiter = b.limiter = Limiter::generator;
  const auto bounds = case_pairs({a, b});
  EXPECT_EQ(bounds.at(0).judgement.verdict, Verdict::inconclusive);
  EXPECT_EQ(bounds.at(0).judgement.reason,
            "the rate of " + a.spec.id + " is a lower bound, which the generator limited");
  EXPECT_EQ(bounds.at(1).judgement.verdict, Verdict::no_change);  // cycles are no bound
  // Below a lower bound is worse, whatever it might have been.
  EXPECT_EQ(case_pairs({a, labelled("b", 970'000)}).at(0).judgement.verdict, Verdict::regression);
  EXPECT_EQ(case_pairs({labelled("b", 970'000), a}).at(0).judgement.verdict, Verdict::improvement);
  CaseResult less = labelled("b", 970'000);
  less.limiter = Limiter::generator;
  EXPECT_EQ(case_pairs({a, less}).at(0).judgement.verdict, Verdict::inconclusive);
}

TEST(CasePairs, OfTooFewRoundsSayWhy) {
  const auto pairs = case_pairs({labelled("a", 1'000'000, 3), labelled("b", 1'000'000, 3)});
  const auto json = to_json(pairs).at(0);
  for (const char* key : {"ratio", "ci95", "confidence", "smallest_change"})
    EXPECT_TRUE(json[key].is_null()) << key;
  EXPECT_EQ(json["verdict"], "inconclusive");
  EXPECT_EQ(json["reason"], "a comparison needs 8 pairs, there are 3");
  EXPECT_EQ(pairs_text({}), "");
}

}  // namespace
}  // namespace pktbench
