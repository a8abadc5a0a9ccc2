// Tests by ranks, two-sided, and the correction for making many of them. No assumption about the
// distribution but that the values of a sample are independent.
//
// Threads: none. Errors: none; where a test says nothing p is 1.
#pragma once

#include <cstddef>
#include <vector>

namespace pktbench {

struct RankTest {
  double statistic = 0;
  double p = 1;        // two-sided, 0 to 1
  bool exact = false;  // else: normal approximation with tie and continuity correction
};

// Up to this many values in each sample, without ties, p is exact.
inline constexpr std::size_t kMaxExactRanks = 50;

// Mann-Whitney U of two independent samples: do the values of one tend to be larger? The statistic
// is U of `a`: of all pairs, those in which the value of `a` is larger, and half of those equal.
// An empty sample gives p = 1.
// REQUIRES: every value is finite.
RankTest mann_whitney(const std::vector<double>& a, const std::vector<double>& b);

// Wilcoxon signed-rank of paired differences: do they lie around 0? The statistic is the sum of the
// ranks of the positive ones. Differences of 0 are left out. Exact without regard to ties, which
// the permutation distribution takes as they are. No difference gives p = 1.
// REQUIRES: every value is finite.
RankTest signed_rank(const std::vector<double>& differences);

// P(T = t) for the signed-rank statistic T of n differences without ties, t from 0.
// REQUIRES: n <= kMaxExactRanks
std::vector<double> signed_rank_distribution(std::size_t n);

// Benjamini-Hochberg: p adjusted so that calling everything below q a finding makes, on average, at
// most a share q of the findings false. In the order of `p`.
// REQUIRES: 0 <= p <= 1
std::vector<double> benjamini_hochberg(const std::vector<double>& p);

}  // namespace pktbench
