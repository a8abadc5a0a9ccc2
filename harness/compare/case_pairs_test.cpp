#include "harness/compare/case_pairs.hpp"

#include <gtest/gtest.h>

#include <set>

#include "harness/compare/comparison.hpp"
#include "harness/testing/sample_test_run.hpp"

namespace pktbench {
namespace {

using nlohmann::ordered_json;
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

RecordedRun recorded(std::vector<CaseResult> cases) {
  RunDocument document = test::sample_run();
  document.cases = std::move(cases);
  auto made = parse_recorded_run(to_json(document).dump(), "run.json");
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return std::move(*made);
}

std::vector<CaseComparison> pairs_in(std::vector<CaseResult> cases) {
  return case_pairs(recorded(std::move(cases)));
}

TEST(CasePairs, AreOfCasesThatDifferInLabelOrTelemetryAlone) {
  CaseResult other_rate = labelled("c", 1'000'000);
  other_rate.spec.rate_pps = 1e6;
  CaseResult other_options = labelled("d", 1'000'000);
  other_options.spec.backend_options["attach"] = std::string("generic");
  CaseResult other_burst = labelled("e", 1'000'000);
  other_burst.spec.generator_options["burst"] = std::int64_t{8};
  CaseResult unwatched = labelled("", 1'000'000);
  unwatched.spec.telemetry = false;
  for (TrialRecord& trial : unwatched.trials) trial.cycles_per_packet.reset();
  const auto made = to_json(pairs_in({labelled("a", 1'000'000), other_rate, other_options,
                                      other_burst, labelled("b", 1'000'000), unwatched}));
  ASSERT_EQ(made.size(), 3u);
  for (const auto& pair : made) EXPECT_EQ(pair["base"], "xdp-native/drop/64B/1q/1f/label=a");
  EXPECT_EQ(made[0]["next"], "xdp-native/drop/64B/1q/1f/label=b");
  EXPECT_EQ(made[0]["measure"], "mpps");
  EXPECT_EQ(made[1]["next"], made[0]["next"]);
  EXPECT_EQ(made[1]["measure"], "cycles_per_packet");
  EXPECT_EQ(made[2]["next"], unwatched.spec.id);  // which has no cycles to compare
  EXPECT_EQ(made[2]["measure"], "mpps");
  EXPECT_TRUE(pairs_in({labelled("a", 1'000'000), other_rate, other_options}).empty());
}

TEST(CasePairs, ARoundWithoutARatioIsLeftOutOfTheRecord) {
  CaseResult a = labelled("a", 1'000'000, 3);
  a.trials[1].mpps = 0;
  const auto json = to_json(pairs_in({a, labelled("b", 1'000'000, 3)})).at(0);
  EXPECT_EQ(json["rounds"], ordered_json::array({0, 2}));
  EXPECT_EQ(json["ratios"].size(), 2u);
}

TEST(CasePairs, GoByRoundAndTakeOkTrialsOnly) {
  CaseResult a = labelled("a", 1'000'000);
  CaseResult b = labelled("b", 970'000);
  a.trials[2].status = TrialStatus::invalid;
  b.trials[5].mpps.reset();
  b.trials[7].round = 99;
  const auto pairs = pairs_in({a, b});
  const MeasureComparison& rate = pairs.at(0).measures.at(0);
  EXPECT_EQ(rate.pairs.rounds, (std::vector<int>{0, 1, 3, 4, 6, 8, 9, 10, 11}));
  EXPECT_DOUBLE_EQ(rate.pairs.base.at(2), a.trials[3].mpps.value());
  EXPECT_DOUBLE_EQ(rate.pairs.next.at(2), b.trials[3].mpps.value());
  ASSERT_TRUE(rate.found);
  EXPECT_NEAR(rate.found->ratio, 0.97, 1e-3);
  EXPECT_EQ(rate.verdict, Verdict::regression);
  // Fewer packets in the same time: more cycles for each, which is worse as well.
  EXPECT_EQ(pairs.at(0).measures.at(1).verdict, Verdict::regression);
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
  EXPECT_EQ(pairs_in({a, b}).at(0).measures.at(0).verdict, Verdict::no_change);
  a.limiter = b.limiter = Limiter::generator;
  const auto bounds = to_json(pairs_in({a, b}));
  EXPECT_EQ(bounds.at(0)["verdict"], "inconclusive");
  EXPECT_EQ(bounds.at(0)["reason"],
            "both rates are lower bounds: the generator limited BASE, the generator NEW");
  EXPECT_TRUE(bounds.at(0)["ratio"].is_number()) << "the figure is there all the same";
  EXPECT_EQ(bounds.at(1)["verdict"], "no change") << "cycles are no bound";
}

TEST(CasePairs, CyclesOfUnequalLoadAreNotJudged) {
  CaseResult b = labelled("b", 1'000'000);
  for (TrialRecord& trial : b.trials) {
    *trial.offered_pps *= 1.2;
    *trial.cycles_per_packet *= 1.1;
  }
  const auto made = to_json(pairs_in({labelled("a", 1'000'000), b}));
  EXPECT_EQ(made.at(0)["verdict"], "no change");
  EXPECT_EQ(made.at(1)["verdict"], "inconclusive");
  EXPECT_TRUE(made.at(1)["reason"].get<std::string>().starts_with(
      "the offered rates differ by 20%, and cycles per packet depend on the load"));
}

TEST(CasePairs, OfTooFewRoundsSayWhy) {
  const auto json = to_json(pairs_in({labelled("a", 1'000'000, 3), labelled("b", 1'000'000, 3)}));
  for (const char* key : {"ratio", "ci95", "confidence", "smallest_change"})
    EXPECT_TRUE(json.at(0)[key].is_null()) << key;
  EXPECT_EQ(json.at(0)["verdict"], "inconclusive");
  EXPECT_EQ(json.at(0)["reason"],
            "a comparison needs 8 pairs, there are 3: make more trials (--trials 10)");
  EXPECT_EQ(pairs_text({}), "");
}

TEST(CasePairs, ACaseThatIsNotOkIsNotCompared) {
  CaseResult b = labelled("b", 1'000'000);
  b.status = CaseStatus::invalid;
  b.reason = "frames are unaccounted for";
  const auto json = to_json(pairs_in({labelled("a", 1'000'000), b}));
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["reason"], "NEW is invalid: frames are unaccounted for");
}

// Every pair of a run is what `compare` says of its two cases, either way round.
TEST(CasePairs, AreJudgedAsCompareJudgesThem) {
  std::vector<CaseResult> cases = {labelled("base", 1'000'000)};
  const auto add = [&](const std::string& label, std::uint64_t packets, auto&& change) {
    cases.push_back(labelled(label, packets));
    change(cases.back());
  };
  const auto each = [](auto&& change) {
    return [change](CaseResult& c) {
      for (TrialRecord& trial : c.trials) change(trial);
    };
  };
  add("same", 1'000'000, [](CaseResult&) {});
  add("slower", 970'000, [](CaseResult&) {});
  add("faster", 1'040'000, [](CaseResult&) {});
  add("bound", 1'000'000, [](CaseResult& c) { c.limiter = Limiter::link; });
  add("other load", 1'000'000, each([](TrialRecord& t) { *t.offered_pps *= 1.2; }));
  add("spins", 1'000'000, each([](TrialRecord& t) { t.limiter = Limiter::generator; }));
  add("far", 1'000'000, each([](TrialRecord& t) { t.condition.cpu_distance_ns = 420; }));
  add("pmu", 1'000'000, each([](TrialRecord& t) { t.cycles_source = "pmu"; }));
  add("few", 1'000'000, [](CaseResult& c) { c.trials.resize(4); });
  add("invalid", 1'000'000, [](CaseResult& c) { c.status = CaseStatus::invalid; });
  add("unwatched", 1'000'000, [](CaseResult& c) { c.spec.telemetry = false; });
  // As many p as make one that is below the limit alone no change among them.
  add("nine", 970'000, [](CaseResult& c) { c.trials.resize(9); });
  const RecordedRun run = recorded(cases);
  const auto pairs = case_pairs(run);
  ASSERT_EQ(pairs.size(), cases.size() - 1);
  std::set<Verdict> seen;
  for (const CaseComparison& pair : pairs) {
    const auto made = compare_runs(run, run, {pair.base_id, pair.new_id, {}});
    ASSERT_TRUE(made);
    const CaseComparison& compared = made->cases.at(0);
    EXPECT_EQ(compared.verdict, pair.verdict) << pair.new_id;
    EXPECT_EQ(compared.reason, pair.reason) << pair.new_id;
    ASSERT_EQ(compared.measures.size(), pair.measures.size());
    for (std::size_t i = 0; i < pair.measures.size(); ++i) {
      const MeasureComparison& one = pair.measures[i];
      const MeasureComparison& other = compared.measures[i];
      EXPECT_EQ(one.verdict, other.verdict) << pair.new_id << " " << one.name;
      EXPECT_EQ(one.reason, other.reason) << pair.new_id << " " << one.name;
      EXPECT_EQ(one.judged, other.judged) << pair.new_id << " " << one.name;
      EXPECT_EQ(one.p_adjusted, other.p_adjusted) << pair.new_id << " " << one.name;
      seen.insert(one.verdict);
    }
    const auto turned = compare_runs(run, run, {pair.new_id, pair.base_id, {}});
    ASSERT_TRUE(turned);
    for (std::size_t i = 0; i < pair.measures.size(); ++i)
      EXPECT_NEAR(turned->cases.at(0).measures.at(i).p_adjusted, pair.measures[i].p_adjusted, 1e-9);
  }
  EXPECT_EQ(seen.size(), 4u) << "each verdict is there";
}

}  // namespace
}  // namespace pktbench
