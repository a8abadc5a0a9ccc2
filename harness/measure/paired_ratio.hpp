// Two series of values, one pair per round: how large is the change, how sure is it, how small a
// change could have been seen, and is it to be called one?
//
// The change is the ratio next/base. Its logarithms are differences which, where both sides have
// the same noise, lie symmetrically around the true change whatever the distribution; so it is
// estimated by Hodges-Lehmann (the median of the means of all two), with the interval of the
// signed-rank test. That one is exact, needs no resampling, keeps what is common to a round (drift)
// out, and sees more than the median of the ratios does: of 3% drops with 2% noise a trial, 96% in
// 20 pairs against 92%.
//
// Threads: none. Errors: by value.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/measure/ranks.hpp"

namespace pktbench {

// With fewer no p is below CompareRules::alpha.
inline constexpr std::size_t kMinPairs = 8;
inline constexpr std::size_t kMaxPairs = 1000;

struct Change {
  double ratio = 1;  // next/base; 0.97: next is 3% below base
  double lo = 1;     // interval of that ratio
  double hi = 1;
  double confidence = 0;  // what lo to hi covers
  double p = 1;           // two-sided: both sides are the same
};

// The ratio is Hodges-Lehmann's; the confidence at least 0.95, and exact up to kMaxExactRanks
// pairs; p of the signed-rank test.
struct PairedRatio : Change {
  std::size_t pairs = 0;
  RankTest mann_whitney;    // of the values without their rounds, for comparison; U of `next`
  double median_ratio = 1;  // median of the ratios, round by round
};

// Code unsupported, with the reason, for fewer than kMinPairs or more than kMaxPairs pairs, and
// where a value is not above 0 or a pair's two are more than a billion times apart. REQUIRES:
// base.size() == next.size(), base[i] and next[i] of the same round; every value finite.
Result<PairedRatio> paired_ratio(const std::vector<double>& base, const std::vector<double>& next);

enum class Better { higher, lower };  // which values are better: of a rate the higher
enum class Verdict { regression, improvement, no_change, inconclusive };
inline constexpr std::array kVerdictNames = {"regression", "improvement", "no change",
                                             "inconclusive"};
inline const char* to_string(Verdict value) {
  return kVerdictNames[static_cast<std::size_t>(value)];
}

struct CompareRules {
  double min_effect = 0.004;  // changes up to this, relative, raise no alarm
  double alpha = 0.01;        // the adjusted p must be below: so often does an A/A raise one
  double must_see = 0.1;      // a comparison that cannot see such a change is inconclusive
};

// The smallest true change, relative and in either direction, that four of five comparisons like
// this one would call a change.
double smallest_change(const PairedRatio& found, const CompareRules& rules);

struct Judgement {
  Verdict verdict = Verdict::inconclusive;
  std::string reason;  // one sentence without a full stop
};

// A change is called one where the whole interval lies beyond min_effect and `adjusted_p` is below
// alpha. `adjusted_p`: `found.p` after benjamini_hochberg over all comparisons made together.
// Otherwise: no change, or inconclusive where p contradicts the interval or must_see is not met.
// `sees`: smallest_change() of it; `more`: what would see more.
Judgement judge(const Change& found, double adjusted_p, double sees, const std::string& more,
                Better better, const CompareRules& rules);
Judgement judge(const PairedRatio& found, double adjusted_p, Better better,
                const CompareRules& rules = {});

}  // namespace pktbench
