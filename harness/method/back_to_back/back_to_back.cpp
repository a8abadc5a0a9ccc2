#include "harness/method/back_to_back/back_to_back.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/core/lookup.hpp"
#include "harness/measure/summary.hpp"
#include "harness/method/back_to_back/burst_search.hpp"
#include "harness/method/reference_load.hpp"
#include "harness/method/rounds.hpp"
#include "harness/method/trial_options.hpp"

namespace pktbench::method {

namespace {

constexpr double kBurstProbeS = 0.1;  // of the trial that shows how fast a burst is
constexpr double kSpareTimes = 2;     // a burst may take so many times its length, and
constexpr double kBurstSpareS = 1;    // this much more, until it is given up

// The rate in a burst: the line's, else what the generator offered when nothing held it back.
std::optional<double> burst_rate(const CaseResult& c) {
  for (const TrialRecord& trial : c.trials)
    if (trial.status == TrialStatus::ok && !trial.target_pps && !trial.burst_frames)
      return trial.line_rate_pps ? trial.line_rate_pps : trial.offered_pps;
  return std::nullopt;
}

// One test so far.
struct TestSoFar {
  std::vector<Burst> bursts;
  std::uint64_t trials = 0;
  bool broken = false;
  bool not_sent = false;  // a burst was not sent whole
  int disturbed_in_a_row = 0;
};

class BackToBack final : public Method {
 public:
  explicit BackToBack(const Options& options)
      : plan_(rules_of(options)),
        reference_(options, option<double>(options, "warmup_s")),
        tests_(static_cast<int>(option<std::int64_t>(options, "tests"))),
        longest_s_(option<double>(options, "longest_s")),
        width_(option<double>(options, "width")),
        verify_(static_cast<int>(option<std::int64_t>(options, "verify"))),
        max_repeats_(static_cast<int>(option<std::int64_t>(options, "max_repeats"))) {
    plan_.warmup_s = option<double>(options, "warmup_s");
  }

  int rounds() const override { return tests_; }

  std::optional<Step> next(const CaseResult& so_far, int round) const override {
    const ReferenceState reference = reference_.of(so_far, 0);
    if (reference.next) return round == 0 ? reference.next : std::nullopt;
    if (!reference.found.pps) return std::nullopt;
    Step step{plan_, start_in(so_far, round), false};
    const TestSoFar test = test_of(so_far, round, reference);
    if (test.broken || test.not_sent || test.disturbed_in_a_row > max_repeats_) return std::nullopt;
    const auto rate = burst_rate(so_far);
    if (!rate) {
      step.plan.duration_s = kBurstProbeS;
      return step;
    }
    const auto frames = BurstSearch(rules(*rate), test.bursts).next();
    if (!frames) return std::nullopt;
    step.plan.burst_frames = *frames;
    step.plan.duration_s = kSpareTimes * static_cast<double>(*frames) / *rate + kBurstSpareS;
    return step;
  }

  // How many trials a test takes is known when it is over.
  std::size_t trials_left(const CaseResult& so_far) const override {
    std::size_t left = 0;
    for (int round = 0; round < tests_; ++round)
      left += round > 0 && reference_.of(so_far, 0).next ? 1 : next(so_far, round).has_value();
    return left;
  }

  void conclude(std::vector<CaseResult>& cases) const override {
    pktbench::conclude(cases);
    for (CaseResult& c : cases) {
      take_out_of_summary(c);
      c.references.clear();
      c.bursts.clear();
      c.metrics.clear();
      const ReferenceState reference = reference_.of(c, 0);
      if (!reference.next && !c.trials.empty()) c.references.push_back(reference.found);
      for (int round = 0; round < tests_; ++round) find(reference, round, c);
      c.limiter = c.bursts.empty()                                     ? Limiter::unknown
                  : std::ranges::all_of(c.bursts, &BurstTest::regular) ? Limiter::dut
                                                                       : Limiter::generator;
      judge_loads(reference, !c.bursts.empty(), c);
    }
  }

 private:
  BurstRules rules(double rate) const {
    return {std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(rate * longest_s_))),
            width_, verify_};
  }

  static TestSoFar test_of(const CaseResult& c, int round, const ReferenceState& reference) {
    TestSoFar test;
    for (const TrialRecord* trial : trials_after(reference, c, round)) {
      ++test.trials;
      test.disturbed_in_a_row = trial->disturbed ? test.disturbed_in_a_row + 1 : 0;
      test.broken |= trial->status == TrialStatus::invalid && !trial->disturbed;
      if (trial->status != TrialStatus::ok || !trial->burst_frames) continue;
      test.not_sent |= trial->offered.packets < *trial->burst_frames;
      test.bursts.push_back({*trial->burst_frames, lost_frames(*trial)});
    }
    return test;
  }

  void find(const ReferenceState& reference, int round, CaseResult& c) const {
    const auto rate = burst_rate(c);
    const TestSoFar made = test_of(c, round, reference);
    if (!rate || made.bursts.empty() || !reference.found.pps) return;
    const BurstFinding found = BurstSearch(rules(*rate), made.bursts).find();
    BurstTest test;
    test.round = round;
    test.longest = found.longest;
    test.shortest = found.shortest;
    test.burst_pps = rate;
    test.trials = made.trials;
    test.reason = made.broken                              ? "a trial's counts do not add up"
                  : made.not_sent                          ? "a burst was not sent whole in time"
                  : made.disturbed_in_a_row > max_repeats_ ? "its last trials were disturbed"
                                                           : found.reason;
    test.regular = test.reason.empty();
    if (found.longest) {
      test.buffer_s = static_cast<double>(*found.longest) / *rate;
      if (reference.found.regular)
        test.corrected_s = *test.buffer_s * std::max(0.0, 1 - *reference.found.pps / *rate);
    }
    c.bursts.push_back(test);
    if (!test.regular) return;
    if (c.metrics.empty()) {
      c.metrics = {{"longest_burst", "packets", true, {}}};
      if (test.corrected_s) c.metrics.push_back({"corrected_buffer", "s", true, {}});
    }
    c.metrics[0].by_round[std::to_string(round)] = static_cast<double>(*test.longest);
    if (test.corrected_s) c.metrics[1].by_round[std::to_string(round)] = *test.corrected_s;
  }

  TrialPlan plan_;
  ReferenceLoad reference_;
  int tests_;
  double longest_s_;
  double width_;
  int verify_;
  int max_repeats_;
};

std::vector<OptionSpec> burst_options() {
  std::vector<OptionSpec> made = {
      number_option("tests", 5, 1, 1000, "of each case; RFC 9004 asks for 50"),
      number_option("longest_s", 2.0, 0.001, 600, "seconds of the longest burst, tried first"),
      number_option("width", 0.01, 1e-6, 0.5,
                    "between the longest burst without loss and the shortest with, relative"),
      number_option("verify", 1, 0, 100, "how often a burst that lost frames is tried again"),
      number_option("warmup_s", 0.05, 0, 3600, "seconds of traffic before a burst")};
  for (const auto& more : {pdr_options(), trial_options()})
    made.insert(made.end(), more.begin(), more.end());
  return made;
}

std::string with_bound(const BurstSummary& s, const std::optional<double>& value, int decimals) {
  return value ? fmt::format("{}{:.{}f}", s.regular ? "" : "≥", *value, decimals) : "";
}

std::vector<ResultColumn> burst_columns(const std::vector<CaseResult>&) {
  const auto in_us = [](std::optional<double> s) { return s ? std::optional(*s * 1e6) : s; };
  return {{.head = "longest burst",
           .cell =
               [](const CaseResult& c) {
                 const BurstSummary s = summarize_bursts(c);
                 return with_bound(s, s.median, 0);
               }},
          {.head = "least–greatest",
           .leave_out = 4,
           .cell =
               [](const CaseResult& c) {
                 const BurstSummary s = summarize_bursts(c);
                 return s.min ? fmt::format("{:.0f}–{:.0f}", *s.min, *s.max) : "";
               }},
          {.head = "at Mpps",
           .leave_out = 2,
           .cell =
               [](const CaseResult& c) {
                 const BurstSummary s = summarize_bursts(c);
                 return s.burst_pps ? fmt::format("{:.3f}", *s.burst_pps / 1e6) : "";
               }},
          {.head = "implied µs",
           .leave_out = 3,
           .cell =
               [=](const CaseResult& c) {
                 const BurstSummary s = summarize_bursts(c);
                 return with_bound(s, in_us(s.implied_s), 1);
               }},
          {.head = "buffer µs", .cell = [=](const CaseResult& c) {
             const BurstSummary s = summarize_bursts(c);
             return with_bound(s, in_us(s.corrected_s), 1);
           }}};
}

void explain_bursts(const std::vector<CaseResult>& cases, Legend& legend) {
  std::uint64_t tests = 0;
  std::set<std::string> reasons;
  for (const CaseResult& c : cases) {
    tests = std::max(tests, summarize_bursts(c).n);
    for (const BurstTest& test : c.bursts)
      if (!test.regular) reasons.insert(fmt::format("{}: {}", c.spec.id, test.reason));
    for (const LoadReference& r : c.references)
      if (!r.regular)
        reasons.insert(fmt::format("throughput of {}, so that its buffer is not known: {}",
                                   c.spec.id, r.reason));
  }
  legend.add(fmt::format(
      "Longest burst: frames without loss, median of {} test{}; at Mpps: the rate in it, the "
      "line's or the generator's.",
      tests, tests == 1 ? "" : "s"));
  legend.add(
      "Buffer: the time of the mean burst (implied), less what was forwarded meanwhile (RFC "
      "9004).");
  for (const std::string& reason : reasons)
    legend.add("Irregular, a lower bound (≥), " + reason + ".");
}

}  // namespace

BurstSummary summarize_bursts(const CaseResult& c) {
  BurstSummary made;
  std::vector<double> frames;
  made.regular = !c.bursts.empty();
  for (const BurstTest& test : c.bursts) {
    made.regular &= test.regular;
    made.burst_pps = test.burst_pps;
    if (test.longest) frames.push_back(static_cast<double>(*test.longest));
  }
  if (!c.references.empty()) made.throughput_pps = c.references.front().pps;
  made.n = frames.size();
  if (frames.empty()) return made;
  const auto [min, max] = std::ranges::minmax(frames);
  made.min = min;
  made.max = max;
  const Summary summary = summarize(frames);
  made.mean = summary.mean;
  made.median = summary.median;
  if (frames.size() > 1) {
    double squares = 0;
    for (const double f : frames) squares += (f - *made.mean) * (f - *made.mean);
    made.stdev = std::sqrt(squares / static_cast<double>(frames.size() - 1));
  }
  if (!made.burst_pps || !made.throughput_pps) return made;
  made.implied_s = *made.mean / *made.burst_pps;
  if (c.references.front().regular)
    made.corrected_s = *made.implied_s * std::max(0.0, 1 - *made.throughput_pps / *made.burst_pps);
  return made;
}

MethodType back_to_back_method() {
  return {.name = "back-to-back",
          .summary = "the longest burst without loss, and the buffer that it implies (RFC 9004)",
          .options = burst_options(),
          .make = [](const Options& o) { return std::make_unique<const BackToBack>(o); },
          .refuses = [](const Options&, std::size_t) { return std::string(); },
          .columns = burst_columns,
          .explain = explain_bursts};
}

const Fields<BurstTest>& burst_fields() {
  using namespace notes;
  using B = BurstTest;
  static const Fields<B> made(
      "",
      {{"round", &B::round, "Which of the tests, from 0."},
       {"longest", value_of(&B::longest), "The longest burst that lost nothing.", unit("packets"),
        known([](const B& b) { return b.longest.has_value(); }), null_is_a_value},
       {"shortest", value_of(&B::shortest), "The shortest that lost some, each time.",
        unit("packets"), known([](const B& b) { return b.shortest.has_value(); }), null_is_a_value},
       {"burst_pps", &B::burst_pps,
        "The rate in it: the line's, else what the generator offered as fast as possible.",
        unit("packets/s"), null_is_a_value},
       {"buffer_s", &B::buffer_s, "`longest` / `burst_pps`.", unit("s"), null_is_a_value},
       {"corrected_s", &B::corrected_s,
        "`buffer_s` × (1 - the reference's `pps` / `burst_pps`); null where that is not regular.",
        unit("s"), null_is_a_value},
       {"regular", &B::regular, "Where not, `longest` is the least that it can be."},
       {"reason", &B::reason, "Why it is not regular; null where it is.", null_is_a_value},
       {"trials", &B::trials, "Of the test."}});
  return made;
}

}  // namespace pktbench::method
