// The BCa (bias-corrected and accelerated) bootstrap interval of a median, after Efron.
//
// Nothing is drawn at random: the median of a resample is one order statistic of the sample, or the
// mean of two, and how probable each is follows from n alone. So this is the limit of endlessly
// many resamples, and the same everywhere.
//
// How often it covers depends on n, because few medians are possible: about 94% for 10 and 20
// values, but 87% for 7 and 92% for 21 (summary_test.cpp prints it). The summaries of a run
// therefore use order statistics (summary.hpp), and a comparison decides by the signed-rank
// interval (paired_ratio.hpp).
//
// Threads: none. Errors: none.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace pktbench {

struct BcaInterval {
  double lo = 0;  // an order statistic, or the mean of two: the unit is that of the values
  double hi = 0;
  double bias = 0;          // z0
  double acceleration = 0;  // a; 0 where leaving out a value never moves the median
};

// More values than this are not resampled: a binomial coefficient would leave the range of a
// double.
inline constexpr std::size_t kMaxBootstrapValues = 1000;

// nullopt for fewer than 2 values or more than kMaxBootstrapValues. Equal values give an interval
// of no width.
// REQUIRES: every value is finite; 0 < confidence < 1.
std::optional<BcaInterval> bca_median_interval(std::vector<double> values,
                                               double confidence = 0.95);

}  // namespace pktbench
